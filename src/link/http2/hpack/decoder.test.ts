import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { hex } from "../../../../test/support/hostile-bytes.ts";
import { LINK_LIMITS } from "../../limits.ts";
import { ERROR_CODE } from "../error-code.ts";
import { Http2Error } from "../http2-error.ts";
import { HpackDecoder, type HpackDecoderOptions } from "./decoder.ts";
import { HpackEncoder } from "./encoder.ts";

const ROOMY: HpackDecoderOptions = { listBytes: 1e9, pairs: 1e6 };
const COMPRESSION_ERROR = { name: "Http2Error", code: ERROR_CODE.compressionError, streamId: 0 };

function decode(decoder: HpackDecoder, block: string | Uint8Array): string[] | undefined {
  const bytes = typeof block === "string" ? hex(block) : block;
  return decoder.decode(bytes, 0, bytes.length);
}

function refuses(block: string | Uint8Array, decoder = new HpackDecoder(ROOMY)): void {
  assert.throws(() => decode(decoder, block), COMPRESSION_ERROR);
}

/** A literal that joins the table; name and value are shorter than 127 bytes. */
function indexed(name: string, value: string): Buffer {
  const part = (text: string): string => String.fromCharCode(text.length) + text;
  return Buffer.from(`\x40${part(name)}${part(value)}`, "latin1");
}

test("reads only the part of the bytes that is the block", () => {
  const bytes = hex("ff 82 0001610162 ff");
  assert.deepEqual(new HpackDecoder().decode(bytes, 1, 7), [":method", "GET", "a", "b"]);
  assert.deepEqual(new HpackDecoder().decode(bytes, 1, 1), []);
  const inner = new Uint8Array(bytes.buffer, 1, 6);
  assert.deepEqual(new HpackDecoder().decode(inner, 0, 6), [":method", "GET", "a", "b"]);
});

test("refuses an index that no table has (§2.3.3, §6.1)", () => {
  for (const block of ["80", "be", "ff00", "ff80ffff7f", "7e 0161", "0f2f 0161", "1f2f 0161"]) refuses(block);
  const decoder = new HpackDecoder(ROOMY);
  assert.deepEqual(decode(decoder, "40 0161 0162 be 7e 0163 bf"), ["a", "b", "a", "b", "a", "c", "a", "b"]);
  refuses("c0", decoder);
});

test("refuses a block that ends within a field", () => {
  for (const block of ["82ff", "ff", "40", "4001", "400161", "40016102", "4001610262", "00", "0f", "3f", "01"])
    refuses(block);
});

test("refuses a string that is longer than its block, and one that breaks the Huffman code (§5.2)", () => {
  refuses("00 7f0061");
  refuses("00 0161 05 61626364");
  refuses("00 0161 81 ff");
  refuses("00 0161 84 ffffffff");
  refuses("00 81 1e 0161");
});

test("an integer has at most 28 bits after its prefix (§5.1)", () => {
  assert.deepEqual(decode(new HpackDecoder(ROOMY), "00 0161 7f80808000".concat("61".repeat(127))), [
    "a",
    "a".repeat(127),
  ]);
  refuses("00 0161 7f8080808000".concat("61".repeat(127)));
  refuses("ffffffffff7f");
  refuses("ffffffffffffffffff01");
  // 2^32 + 1 would be 1 in 32 bits.
  refuses("ff82ffffff0f");
});

test("a string of a block beyond the bound is refused, in Huffman code as well", () => {
  const most = LINK_LIMITS.headerBlockBytes.value;
  const long = (length: number): Buffer => {
    const rest = length - 0x7f;
    const prefix = Buffer.of(0, 1, 97, 0xff, 0x80 | (rest & 0x7f), 0x80 | ((rest >> 7) & 0x7f), rest >> 14);
    // Zeros stand for "0", and the eight ones end a symbol and are the padding.
    return Buffer.concat([prefix, Buffer.alloc(length - 1), Buffer.of(0xff)]);
  };
  assert.equal(decode(new HpackDecoder(ROOMY), long(most))?.[1]?.length, (most * 8 - 7) / 5);
  refuses(long(most + 1));
});

test("an entry that is larger than the table empties it (§4.4)", () => {
  const decoder = new HpackDecoder({ ...ROOMY, tableBytes: 100 });
  decode(decoder, indexed("a", "b"));
  assert.equal(decoder.tableBytes, 34);
  assert.deepEqual(decode(decoder, indexed("c", "d".repeat(68))), ["c", "d".repeat(68)]);
  assert.equal(decoder.tableBytes, 0);
  decode(decoder, indexed("c", "d".repeat(67)));
  assert.equal(decoder.tableBytes, 100);
});

test("a name of an entry that leaves for the new one is still right (§4.4)", () => {
  const decoder = new HpackDecoder({ ...ROOMY, tableBytes: 40 });
  decode(decoder, indexed("name", "x"));
  assert.deepEqual(decode(decoder, "7e 0179 be"), ["name", "y", "name", "y"]);
});

test("the table's size changes before the first field of a block, and within what we allow (§4.2, §6.3)", () => {
  const decoder = new HpackDecoder(ROOMY);
  decode(decoder, Buffer.concat([indexed("a", "b"), indexed("c", "d")]));
  assert.equal(decoder.tableBytes, 68);
  assert.deepEqual(decode(decoder, "3f03 be"), ["c", "d"], "34 bytes: the oldest leaves");
  assert.equal(decoder.tableBytes, 34);
  assert.deepEqual(decode(decoder, "20 3fe11f"), []);
  assert.equal(decoder.tableBytes, 0);
  refuses("82 20", decoder);
  refuses("3fe21f", new HpackDecoder());
  refuses("3f01", new HpackDecoder({ ...ROOMY, tableBytes: 31 }));
});

test("the table never holds more than its bound", () => {
  const decoder = new HpackDecoder(ROOMY);
  for (let turn = 0; turn < 300; turn += 1) {
    decode(decoder, indexed(`n${turn}`, "v".repeat(turn % 100)));
    assert.ok(decoder.tableBytes <= LINK_LIMITS.headerTableBytes.value);
    const newest = [`n${turn}`, "v".repeat(turn % 100)];
    const second = turn > 0 ? [`n${turn - 1}`, "v".repeat((turn - 1) % 100)] : [];
    assert.deepEqual(decode(decoder, turn > 0 ? "bebf" : "be"), [...newest, ...second]);
  }
  assert.ok(decoder.tableBytes > LINK_LIMITS.headerTableBytes.value / 2);
});

test("a list that is too long is refused alone: the table stays right", () => {
  const decoder = new HpackDecoder();
  const entry = ["a", "b".repeat(100)] as const;
  decode(decoder, indexed(...entry));
  const times = Math.ceil((LINK_LIMITS.headerListBytes.value + 1) / decoder.tableBytes);
  const block = [Buffer.alloc(times, 0xbe), indexed("late", "entry"), indexed("later", "entry")];
  assert.equal(decode(decoder, Buffer.concat(block)), undefined);
  assert.deepEqual(decode(decoder, "bebfc0"), ["later", "entry", "late", "entry", ...entry]);
  refuses(Buffer.concat([Buffer.alloc(times, 0xbe), Buffer.of(0x80)]), decoder);
});

test("a list is bounded by its bytes and by its fields", () => {
  const pairs = LINK_LIMITS.headerPairs.value;
  assert.equal(decode(new HpackDecoder(), new Uint8Array(pairs).fill(0x82))?.length, 2 * pairs);
  assert.equal(decode(new HpackDecoder(), new Uint8Array(pairs + 1).fill(0x82)), undefined);
  const decoder = new HpackDecoder({ listBytes: 42 * 3 });
  assert.equal(decode(decoder, "828282")?.length, 6);
  assert.equal(decoder.listBytes, 126);
  assert.equal(decode(decoder, "82828284"), undefined);
});

test("a bomb of indexes takes no memory (CVE-2016-6581)", () => {
  const decoder = new HpackDecoder({ pairs: 1e6 });
  decode(decoder, Buffer.concat([Buffer.of(0x40, 1, 97, 0x7f, 0xc1, 0x1e), Buffer.alloc(4_032, 98)]));
  assert.equal(decoder.tableBytes, 4_065);
  assert.equal(decode(decoder, new Uint8Array(16_384).fill(0xbe)), undefined);
  assert.equal(decoder.listBytes, 16_384 * 4_065);
});

test("what the encoder writes is read again", () => {
  const text = fc.string({
    unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)),
    maxLength: 300,
  });
  const name = fc.oneof(text, fc.constantFrom(":method", ":status", ":authority", ":path", "server", "date"));
  const value = fc.oneof(text, fc.constantFrom("GET", "200", "/", ""));
  const list = fc.array(fc.tuple(name, value), { maxLength: 12 }).map((pairs) => pairs.flat());
  fc.assert(
    fc.property(fc.array(list, { maxLength: 4 }), (lists) => {
      const encoder = new HpackEncoder();
      const decoder = new HpackDecoder(ROOMY);
      for (const fields of lists) {
        const target = new Uint8Array(16_384);
        const end = encoder.encode(fields, target, 5);
        assert.deepEqual(decoder.decode(target, 5, end), fields);
        assert.ok(end - 5 <= decoder.listBytes + 1);
        assert.equal(decoder.tableBytes, 0);
      }
    }),
  );
});

test("mutated blocks give lists or COMPRESSION_ERROR, and stay within the bounds", () => {
  const samples = [
    "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
    "3fe11f 400161 0162 be 0f 0f 0161",
    "1001610162 82c0",
  ].map(hex);
  const edit = fc.tuple(fc.nat({ max: 40 }), fc.integer({ min: 0, max: 2 }), fc.uint8Array({ maxLength: 3 }));
  const block = fc.tuple(fc.constantFrom(...samples), fc.array(edit, { maxLength: 4 })).map(([sample, edits]) => {
    const bytes = [...sample];
    for (const [at, remove, insert] of edits) bytes.splice(at % (bytes.length + 1), remove, ...insert);
    return Uint8Array.from(bytes);
  });
  fc.assert(
    fc.property(fc.array(fc.oneof(block, fc.uint8Array({ maxLength: 60 })), { maxLength: 6 }), (blocks) => {
      const decoder = new HpackDecoder();
      try {
        for (const bytes of blocks) {
          const fields = decode(decoder, bytes);
          assert.ok(fields === undefined || decoder.listBytes <= LINK_LIMITS.headerListBytes.value);
          assert.ok(decoder.tableBytes <= LINK_LIMITS.headerTableBytes.value);
        }
      } catch (error) {
        if (!(error instanceof Http2Error) || error.code !== ERROR_CODE.compressionError) throw error;
      }
    }),
    { numRuns: 1_000 },
  );
});
