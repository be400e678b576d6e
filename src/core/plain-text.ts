// Control characters of ASCII and Latin-1: a terminal may take them for commands.
const CONTROL = /\p{Cc}/gu;

/** `text` as it may be written to a terminal, whoever chose it: control characters as `\x1b`, line ends too. */
export function plainText(text: string): string {
  return text.replace(CONTROL, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`);
}
