/** Letters that Unicode does not take apart, as people write them without. */
const PLAIN: Readonly<Record<string, string>> = {
  ß: "ss",
  ø: "o",
  ł: "l",
  đ: "d",
  ð: "d",
  þ: "th",
  æ: "ae",
  œ: "oe",
  ı: "i",
};

/**
 * A name of a place so that spellings of one name are equal: case, diacritics, spaces, `_` and punctuation fall away, and so
 * does what stands in brackets. `São Paulo (Centro)` and `sao_paulo` fold to `saopaulo`.
 */
export function foldName(name: string): string {
  return name
    .replaceAll(/\([^)]*\)|\[[^\]]*\]/g, "")
    .toLowerCase()
    .normalize("NFKD")
    .replaceAll(/[^\p{L}\p{N}]/gu, "")
    .replaceAll(/[ßøłđðþæœı]/g, (letter) => PLAIN[letter] ?? letter);
}
