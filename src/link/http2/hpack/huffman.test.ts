import assert from "node:assert/strict";
import { test } from "node:test";
import { hex } from "../../../../test/support/hostile-bytes.ts";
import { decodeHuffman } from "./huffman.ts";

/** Bits, written as text, in bytes; ones fill the last. */
function bytesOf(bits: string): Uint8Array {
  const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, "1");
  return Uint8Array.from(padded.match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2));
}

/** What comes out, or undefined for no such string. */
function decode(bytes: Uint8Array): Uint8Array | undefined {
  const target = new Uint8Array(Math.ceil((bytes.length * 8) / 5));
  const length = decodeHuffman(bytes, 0, bytes.length, target);
  return length < 0 ? undefined : target.subarray(0, length);
}

/** Rows of RFC 7541, appendix B: the symbol, its code in hex, and how many bits it has. */
const CODES: readonly (readonly [symbol: number, code: number, bits: number])[] = [
  [0, 0x1ff8, 13],
  [1, 0x7fffd8, 23],
  [2, 0xfffffe2, 28],
  [9, 0xffffea, 24],
  [10, 0x3ffffffc, 30],
  [13, 0x3ffffffd, 30],
  [22, 0x3ffffffe, 30],
  [32, 0x14, 6],
  [48, 0x0, 5],
  [97, 0x3, 5],
  [122, 0x7b, 7],
  [123, 0x7ffe, 15],
  [126, 0x1ffd, 13],
  [127, 0xffffffc, 28],
  [163, 0x3fffdb, 22],
  [192, 0x3ffffe0, 26],
  [200, 0x3ffffe2, 26],
  [220, 0xffffffd, 28],
  [224, 0xfffec, 20],
  [239, 0x7ffff4, 23],
  [249, 0xffffffe, 28],
  [255, 0x3ffffee, 26],
];

test("has the code of RFC 7541, appendix B", () => {
  for (const [symbol, code, bits] of CODES) {
    const text = code.toString(2).padStart(bits, "0");
    assert.deepEqual(decode(bytesOf(text)), Uint8Array.of(symbol), `symbol ${symbol}`);
    assert.deepEqual(decode(bytesOf(text + text)), Uint8Array.of(symbol, symbol), `symbol ${symbol} twice`);
  }
  assert.deepEqual(decode(new Uint8Array(0)), new Uint8Array(0));
});

test("reads a part of the bytes, and writes nothing behind what comes out", () => {
  const bytes = hex("ee f1e3c2e5f23a6ba0ab90f4ff ee");
  const target = new Uint8Array(20).fill(0xaa);
  assert.equal(decodeHuffman(bytes, 1, 13, target), 15);
  assert.equal(Buffer.from(target).toString("latin1"), `www.example.com${"\xaa".repeat(5)}`);
});

test("refuses padding that has a zero, or more than seven bits (§5.2)", () => {
  assert.deepEqual(decode(bytesOf("00011")), Uint8Array.of(97), "three ones");
  assert.deepEqual(decode(bytesOf("1111011")), Uint8Array.of(122), "one");
  for (const bits of ["00011000", "00011110", "00011011", "00011101"])
    assert.equal(decode(bytesOf(bits)), undefined, bits);
  assert.equal(decode(bytesOf("00011".padEnd(16, "1"))), undefined, "eleven ones");
  assert.equal(decode(hex("ff")), undefined, "eight ones");
  assert.equal(decode(hex("ffff")), undefined, "sixteen ones");
  // 249 has 27 ones before its last bit.
  assert.equal(decode(bytesOf("1".repeat(27).concat("0", "1".repeat(12)))), undefined, "eight ones behind a symbol");
});

test("refuses EOS, wherever it comes (§5.2)", () => {
  const eos = "1".repeat(30);
  assert.equal(decode(bytesOf(eos)), undefined);
  for (let before = 0; before < 8; before += 1) {
    assert.equal(decode(bytesOf("00011".repeat(before) + eos + "00011".repeat(8))), undefined, `after ${before}`);
  }
});
