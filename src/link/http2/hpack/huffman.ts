/*
 * The Huffman code of RFC 7541, appendix B, as the length of each symbol's code: one base-36 digit for each byte, then one for
 * EOS. The lengths are enough since the code is canonical: codes of one length count up by symbol, and a longer length goes
 * on where the shorter one ended.
 */
const LENGTHS =
  "dnsssssssoussussssssssusssssssss" +
  "6aacd68baa8b8666555666666678f6ca" +
  "d67777777777777777777777878djde6" +
  "f56565666577666567655677777fbeds" +
  "kmkkmmmnmnnnnnonoomnonnnnlmnmnno" +
  "mlkmmnnlnmmolmnnllmlnmnnkmmmnmmn" +
  "qqkjmnmpqqqrrqopjlqrrqrollqqsrrr" +
  "koklmllnmmppooqnqrqqrrrrrsrrrrrq" +
  "u";
const EOS = 256;

/*
 * A state is an inner node of the code's tree, as a number from 0 (the root) to 255. A step takes four bits. No code is shorter
 * than five, so a step ends at most one symbol. STEPS[16 * state + bits]:
 *   bits 0-7   the next state
 *   bits 8-15  the symbol, with EMITS
 */
const EMITS = 0x10000;
const FAILS = 0x20000;
const STEPS = new Uint32Array(256 * 16);
/** 1 for a state where a string may end: after nothing, or up to seven ones (the first bits of EOS, §5.2). */
const MAY_END = new Uint8Array(256);

/** The tree: CHILDREN[2 * state + bit] is a state, or -1 - symbol. */
const CHILDREN = new Int16Array(2 * 256);

function growTree(): void {
  const lengths = [...LENGTHS].map((digit) => Number.parseInt(digit, 36));
  const bySymbol = lengths.map((length, symbol) => ({ length, symbol }));
  let states = 1;
  let code = 0;
  let codeLength = 0;
  for (const { length, symbol } of bySymbol.sort((a, b) => a.length - b.length || a.symbol - b.symbol)) {
    code <<= length - codeLength;
    codeLength = length;
    let state = 0;
    for (let bit = length - 1; bit > 0; bit -= 1) {
      const at = 2 * state + ((code >> bit) & 1);
      if (CHILDREN[at] === 0) CHILDREN[at] = states++;
      state = CHILDREN[at] ?? 0;
    }
    CHILDREN[2 * state + (code & 1)] = -1 - symbol;
    code += 1;
  }
}

function step(from: number, bits: number): number {
  let state = from;
  let emitted = 0;
  for (let bit = 3; bit >= 0; bit -= 1) {
    state = CHILDREN[2 * state + ((bits >> bit) & 1)] ?? 0;
    if (state >= 0) continue;
    const symbol = -1 - state;
    if (symbol === EOS) return FAILS;
    emitted = EMITS | (symbol << 8);
    state = 0;
  }
  return emitted | state;
}

growTree();
for (let at = 0; at < STEPS.length; at += 1) STEPS[at] = step(at >> 4, at & 15);
for (let state = 0, ones = 0; ones < 8; ones += 1, state = CHILDREN[2 * state + 1] ?? 0) MAY_END[state] = 1;

/**
 * Decodes `bytes[start, end)` to the beginning of `target`, which has room for 8/5 of them. Returns how many bytes came out,
 * or -1 for what is no such string: EOS in it, or padding that is longer than seven bits or has a zero.
 */
export function decodeHuffman(bytes: Uint8Array, start: number, end: number, target: Uint8Array): number {
  let state = 0;
  let length = 0;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    const high = STEPS[(state << 4) | (byte >> 4)] ?? FAILS;
    if (high & EMITS) target[length++] = high >> 8;
    const low = STEPS[((high & 0xff) << 4) | (byte & 15)] ?? FAILS;
    if (low & EMITS) target[length++] = low >> 8;
    if ((high | low) & FAILS) return -1;
    state = low & 0xff;
  }
  return MAY_END[state] === 1 ? length : -1;
}
