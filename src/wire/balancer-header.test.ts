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

test("what begins otherwise has none, and a line that does not end is not waited for", () => {
  for (const text of [
    "",
    "GET /",
    "PROX ",
    "proxy TCP4\r\n",
    "\r\n\r\nGET",
    "\r\n\r\n\0x",
    `PROXY ${"x".repeat(600)}`,
  ]) {
    assert.equal(balancerHeaderBytes(Buffer.from(text)), 0, text.slice(0, 20));
  }
});
