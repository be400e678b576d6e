/** `text` without the spaces and tabs around it (OWS, RFC 9110 §5.6.3). Other blanks stay, which `trim` takes as well. */
export function trimBlanks(text: string): string {
  let start = 0;
  while (start < text.length && isBlank(text.charCodeAt(start))) start += 1;
  return withoutBlanksBehind(text.slice(start));
}

/** `text` without the spaces and tabs at its end. A pattern for them would begin anew at each blank within the text. */
export function withoutBlanksBehind(text: string): string {
  let end = text.length;
  while (end > 0 && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
