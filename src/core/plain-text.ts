/**
 * What people do not see, and a terminal or browser may take for a command: control characters, format characters such as those
 * that turn the direction of writing, halves of characters and what has no meaning (Unicode C), and separators of lines and
 * paragraphs (Zl, Zp).
 */
export const INVISIBLE: RegExp = /[\p{C}\p{Zl}\p{Zp}]/u;

const EACH = new RegExp(INVISIBLE, "gu");

/** `text` as it may be written to a terminal, whoever chose it: what is invisible as `\x1b` or `\u202e`, line ends too. */
export function plainText(text: string): string {
  return text.replace(EACH, written);
}

/** `text` without what is invisible. */
export function visibleText(text: string): string {
  return text.replace(EACH, "");
}

function written(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16);
  if (code.length <= 2) return `\\x${code.padStart(2, "0")}`;
  return code.length <= 4 ? `\\u${code.padStart(4, "0")}` : `\\u{${code}}`;
}
