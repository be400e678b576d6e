import type { Random } from "../../src/core/random.ts";

/** What parsers stumble over: ends, separators, long runs, lengths that lie, names that objects have, letters that fold. */
const TOKENS: readonly Buffer[] = [
  ..."\0 \xff \r\n \n \r % %00 :: .. // ; , = - _ \" \\ ' ( ) [ ] { } < @ # * ? \t \x0b \x85 \xa0 \x80 \x9f \xbf \x5f".split(
    " ",
  ),
  ...["__proto__", "constructor", "toString", "9007199254740993", "1e309", "-0", "0x7f", "00", "NaN", "null", "true"],
  ...[
    "\x80\x80\x80\x80\x80\x01",
    "\xff\xff\xff\xff\xff\xff\xff\xff",
    "\x9b\xff\xff\xff\xff\xff\xff\xff\xff",
    "\xbf\xff\xff\xff",
  ],
  ...["Host: a\r\n", "0\r\n\r\n", " HTTP/1.1\r\n", "\x16\x03\x01", "xn--", "PROXY "],
  ...["(", "[", "{", "a-", "0", ",", " ", "\\", "%25"].map((part) => part.repeat(1_500)),
]
  .map((text) => Buffer.from(text, "latin1"))
  .concat(["\u202e", "٣", "。", "ß", "𝟙", "ﬁ", "\u00ad", "\u0301", "\ufeff"].map((text) => Buffer.from(text)));

const EXTREMES = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff] as const;
const MOST_EDITS = 5;

/** A whole number below `most`. */
export function below(random: Random, most: number): number {
  return Math.floor(random.float() * most);
}

/** One of `all`, which has one at least. */
export function oneOf<T>(random: Random, all: readonly T[]): T {
  return all[below(random, all.length)] as T;
}

/** One of `samples` with a few edits: bytes changed, taken out, put in, repeated, cut off, joined with another sample, lengths overwritten. */
export function mutatedBytes(random: Random, samples: readonly Uint8Array[], mostBytes = 65_535): Buffer {
  let bytes: Buffer = Buffer.from(oneOf(random, samples));
  for (let edit = below(random, MOST_EDITS); edit >= 0; edit -= 1) {
    bytes = EDITS[below(random, EDITS.length)]?.(bytes, random, samples) ?? bytes;
    if (bytes.length > mostBytes) bytes = bytes.subarray(0, mostBytes);
  }
  return bytes;
}

type Edit = (bytes: Buffer, random: Random, samples: readonly Uint8Array[]) => Buffer;

function spliced(bytes: Buffer, at: number, removed: number, ...put: readonly Uint8Array[]): Buffer {
  return Buffer.concat([bytes.subarray(0, at), ...put, bytes.subarray(at + removed)]);
}

const EDITS: readonly Edit[] = [
  (bytes, random) => spliced(bytes, below(random, bytes.length + 1), 1, random.bytes(1)),
  (bytes, random) => {
    const at = below(random, bytes.length);
    const changed = Buffer.from(bytes);
    changed[at] = (bytes[at] ?? 0) ^ (1 << below(random, 8));
    return changed;
  },
  (bytes, random) => spliced(bytes, below(random, bytes.length + 1), 1 + below(random, 8)),
  (bytes, random) => spliced(bytes, below(random, bytes.length + 1), 0, oneOf(random, TOKENS)),
  (bytes, random) => spliced(bytes, below(random, bytes.length + 1), 0, random.bytes(below(random, 16))),
  (bytes, random) => bytes.subarray(0, below(random, bytes.length + 1)),
  (bytes, random, samples) => {
    const other = oneOf(random, samples);
    return Buffer.concat([
      bytes.subarray(0, below(random, bytes.length + 1)),
      other.subarray(below(random, other.length)),
    ]);
  },
  (bytes, random) => {
    const at = below(random, bytes.length + 1);
    const piece = bytes.subarray(at, at + 1 + below(random, 24));
    return spliced(bytes, at, 0, ...Array.from({ length: 1 + below(random, 400) }, () => piece));
  },
  (bytes, random) => {
    const width = oneOf(random, [1, 2, 3, 4]);
    if (bytes.length < width) return bytes;
    const changed = Buffer.from(bytes);
    changed.writeUIntBE(oneOf(random, EXTREMES) % 256 ** width, below(random, bytes.length - width + 1), width);
    return changed;
  },
];

/** `bytes` in up to five pieces, in order. */
export function inPieces(bytes: Buffer, random: Random): readonly Buffer[] {
  const cuts = Array.from({ length: below(random, 5) }, () => below(random, bytes.length + 1)).sort((a, b) => a - b);
  return [...cuts, bytes.length].map((end, index) => bytes.subarray(cuts[index - 1] ?? 0, end));
}
