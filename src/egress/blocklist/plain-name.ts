const DOT = 46;
const HYPHEN = 45;
const UNDERSCORE = 95;
const LONGEST_NAME = 253;
const LONGEST_LABEL = 63;

/**
 * `text` in lower case where it is a name of ASCII letters, digits, `-` and `_`, without trailing dot, that `normaliseHost`
 * would leave as it is but for case; undefined for all else: addresses, what ends in a number, punycode, what is too long.
 * One pass and no garbage, since lists have millions of them.
 */
export function plainName(text: string): string | undefined {
  const { length } = text;
  if (length === 0 || length > LONGEST_NAME) return undefined;
  let labelAt = 0;
  let hasUpperCase = false;
  for (let i = 0; i < length; i += 1) {
    const code = text.charCodeAt(i);
    if (code === DOT) {
      if (!isLabel(i - labelAt)) return undefined;
      labelAt = i + 1;
    } else if (code >= 65 && code <= 90) hasUpperCase = true;
    else if (!isPlain(code)) return undefined;
    // Whatever may be punycode is for those who can read it: the third and fourth of its label are hyphens.
    if (code === HYPHEN && i === labelAt + 3 && text.charCodeAt(i - 1) === HYPHEN) return undefined;
  }
  if (!isLabel(length - labelAt)) return undefined;
  const first = text.charCodeAt(labelAt);
  if (first >= 48 && first <= 57 && /^(?:[0-9]+|0x[0-9a-f]*)$/i.test(text.slice(labelAt))) return undefined;
  return hasUpperCase ? text.toLowerCase() : text;
}

function isLabel(length: number): boolean {
  return length > 0 && length <= LONGEST_LABEL;
}

function isPlain(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 48 && code <= 57) || code === HYPHEN || code === UNDERSCORE;
}
