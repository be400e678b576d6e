import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { FakeClock } from "../../core/fake-clock.ts";
import { BLOCKLIST_LIMITS } from "./limits.ts";
import type { ListContent } from "./list-content.ts";
import { parseBlocklist } from "./parse-blocklist.ts";
import { unpackedBytes } from "./unpacked-bytes.ts";

const ROOMY = { entries: 1_000_000, nameBytes: 1 << 28 };
const signal = new AbortController().signal;

/** Reads `content`, cut into pieces of `size` bytes. */
function parse(content: string | Uint8Array, size = 65_536, room = ROOMY): Promise<ListContent> {
  const bytes = Buffer.from(content);
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  };
  return parseBlocklist(new FakeClock(), unpackedBytes(chunks()), { seed: [1, 2], room, signal });
}

const MIXED =
  "\uFEFF# list\r\n0.0.0.0 a.example\r\nbücher.example\r\n1.2.3.0/24 ; SBL1\r\n\r\nnot an entry\r\nlast.example";

for (const size of [1, 2, 3, 7, 64, 100_000]) {
  test(`a list that comes in pieces of ${size} bytes is read whole, packed or not`, async () => {
    for (const bytes of [Buffer.from(MIXED), gzipSync(MIXED)]) {
      const { names, addresses, entries, unread } = await parse(bytes, size);
      assert.equal(names.find("a.example"), "a.example");
      assert.equal(names.find("a.xn--bcher-kva.example"), "xn--bcher-kva.example");
      assert.equal(names.find("last.example"), "last.example");
      assert.equal(addresses.find("1.2.3.9"), "1.2.3.0/24");
      assert.deepEqual([entries, unread], [4, 1]);
    }
  });
}

test("lines may end in CR alone", async () => {
  assert.equal((await parse("a.example\rb.example\r")).entries, 2);
});

test("a list may be empty, or have comments only", async () => {
  for (const text of ["", "# nothing today\n"]) assert.equal((await parse(text)).entries, 0);
});

test("of a line of megabytes nothing is kept, and the lines around it are read", async () => {
  for (const size of [1_000, 65_536]) {
    const long = "x".repeat(3_000_000);
    const { entries, unread, names } = await parse(`a.example\n${long}.example\nb.example\n${long}`, size);
    assert.deepEqual([entries, unread], [2, 2]);
    assert.ok(names.find("b.example"));
    assert.ok(names.bytes < 2 * 1024 * 1024);
  }
});

test("a line of exactly the limit is read, one longer is not", async () => {
  const line = (length: number): string => `a.example #${"x".repeat(length - "a.example #".length)}`;
  const { value } = BLOCKLIST_LIMITS.lineBytes;
  assert.equal((await parse(`${line(value)}\nb.example`)).entries, 2);
  assert.deepEqual(
    await parse(`${line(value + 1)}\nb.example`).then(({ entries, unread }) => [entries, unread]),
    [1, 1],
  );
});

test("binary and NULs among entries are unread", async () => {
  const { entries, unread } = await parse(
    Buffer.concat([Buffer.from("a.example\n\0\0\0\n\xff\xfe\n"), Buffer.of(0xff, 10)]),
  );
  assert.equal(entries, 1);
  assert.equal(unread, 3);
});

for (const [what, bytes, code] of [
  ["an HTML page", "\n <!DOCTYPE html>\n<p>example.com</p>", /is an HTML page/],
  ["binary", Buffer.alloc(5_000), /no entry of a form that is known/],
  ["prose", "Service unavailable\nTry later\n", /no entry of a form that is known/],
] as const) {
  test(`${what} is no list`, async () => {
    await assert.rejects(parse(bytes), (error: Error) => code.test(error.message) && "code" in error);
  });
}

test("random bytes give an error of ours or entries, never another error", async () => {
  for (let round = 0; round < 50; round += 1) {
    await parse(randomBytes(20_000)).catch((error: { code?: string }) => assert.equal(error.code, "ERR_BLOCKLIST"));
  }
});

test("a list with more entries or names than there is room for is refused", async () => {
  const text = Array.from({ length: 101 }, (_, i) => `n${i}.example`).join("\n");
  await assert.rejects(parse(text, 65_536, { ...ROOMY, entries: 100 }), /more than the 100 entries/);
  await assert.rejects(parse(text, 65_536, { ...ROOMY, nameBytes: 1_000 }), /more names than there is memory for/);
  assert.equal((await parse(text, 65_536, { ...ROOMY, entries: 101 })).entries, 101);
});

test("a small file that unpacks to more than a list may have is refused", async () => {
  const bomb = gzipSync(Buffer.alloc(BLOCKLIST_LIMITS.sourceBytes.value + 1, "#"));
  assert.ok(bomb.length < 1_000_000);
  await assert.rejects(parse(bomb), /is larger than 268435456 bytes/);
});

test("a packed list that was cut short is refused", async () => {
  const packed = gzipSync("a.example\n".repeat(10_000));
  await assert.rejects(parse(packed.subarray(0, -10)), { code: "Z_BUF_ERROR" });
});
