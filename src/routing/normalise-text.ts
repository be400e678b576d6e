/**
 * The form in which names of places and providers are compared: NFKC, lower case, and one space for each run of
 * characters other than letters, marks, digits, `.`, `'` and `&`. `New_York` and `new  york` are one name. Never throws;
 * the caller bounds the length.
 */
export function normaliseText(text: string): string {
  // Lower case may undo the first normalisation (some capitals become a letter and a mark).
  return text
    .normalize("NFKC")
    .toLowerCase()
    .normalize("NFKC")
    .replaceAll(/[^\p{L}\p{M}\p{N}.'&]+/gu, " ")
    .trim();
}
