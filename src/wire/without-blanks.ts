const SPACE = 0x20;
const TAB = 0x09;

/**
 * `text` without the spaces and tabs at its ends (OWS, RFC 9110 §5.6.3). Other blanks stay, which `trim` takes as well. It
 * looks at each character once: an expression that looks for blanks up to an end begins anew at each blank of a long row.
 */
export function withoutBlanks(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isBlank(text.charCodeAt(from))) from += 1;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to -= 1;
  return text.slice(from, to);
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}
