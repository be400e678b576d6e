import assert from "node:assert/strict";
import { test } from "node:test";
import { balancerHeaderBytes } from "./balancer-header.ts";
import { encodeProxyHeader } from "./proxy-header.ts";

const TEXT = Buffer.from(encodeProxyHeader({ host: "192.0.2.1", port: 1 }, { host: "192.0.2.2", port: 2 }));
const BINARY = Buffer.from("0d0a0d0a000d0a515549540a 21 11 000c c0000201c000020200010002".replaceAll(" ", ""), "hex");

test("both versions of the PROXY header are found, and waited for wherever they are cut", () => {
  for (const header of [TEXT, BINARY]) {
    assert.equal(balancerHeaderBytes(Buffer.concat([header, Buffer.from("GET / HTTP/1.1\r\n")])), header.length);
    assert.equal(balancerHeaderBytes(header), header.length);
    for (let length = 1; length < header.length; length += 1) {
      assert.equal(balancerHeaderBytes(header.subarray(0, length)), "more", `at ${length}`);
    }
  }
});

test("what servers skip in several ways is unclear, however it comes, and a line that does not end is not waited for", () => {
  for (const text of [
    "PROXY UNKNOWN\nX: y\r\n",
    "PROXY UNKNOWN\rX: y\r\n",
    "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n",
    `PROXY UNKNOWN ${"x".repeat(92)}\r\n`,
    `PROXY UNKNOWN ${"x".repeat(600)}\r\n`,
  ]) {
    const bytes = Buffer.from(text);
    const found = new Set(
      bytes
        .map((_, at) => at)
        .values()
        .map((at) => balancerHeaderBytes(bytes.subarray(0, at + 1))),
    );
    assert.deepEqual([...found], ["more", "unclear"], JSON.stringify(text));
  }
  const longest = Buffer.from(`PROXY UNKNOWN ${"x".repeat(91)}\r\n`);
  assert.equal(balancerHeaderBytes(longest), 107);
});

test("what begins otherwise has none", () => {
  for (const text of ["", "GET /", "PROX ", "proxy TCP4\r\n", "\r\n\r\nGET", "\r\n\r\n\0x"]) {
    assert.equal(balancerHeaderBytes(Buffer.from(text)), 0, text.slice(0, 20));
  }
});
