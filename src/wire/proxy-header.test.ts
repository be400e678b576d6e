import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BywayError } from "../core/errors.ts";
import { decodeProxyHeader, encodeProxyHeader } from "./proxy-header.ts";

const V4 = "PROXY TCP4 192.0.2.1 198.51.100.7 50000 4433\r\n";
const V6 = "PROXY TCP6 2001:db8::1 2001:db8::2 50000 4433\r\n";

test("a header is written as HAProxy writes it, and read with what follows left alone", () => {
  const bytes = encodeProxyHeader({ host: "192.0.2.1", port: 50_000 }, { host: "198.51.100.7", port: 4433 });
  assert.equal(Buffer.from(bytes).toString(), V4);
  assert.deepEqual(decodeProxyHeader(Buffer.from(`${V4}\x13/multi\n`)), {
    value: { host: "192.0.2.1", port: 50_000 },
    length: V4.length,
  });
  const six = encodeProxyHeader({ host: "2001:db8::1", port: 50_000 }, { host: "2001:db8::2", port: 4433 });
  assert.equal(Buffer.from(six).toString(), V6);
  assert.deepEqual(decodeProxyHeader(six)?.value, { host: "2001:db8::1", port: 50_000 });
});

test("a part of a header is no header yet", () => {
  for (let length = 0; length < V4.length; length += 1) {
    assert.equal(decodeProxyHeader(Buffer.from(V4.slice(0, length))), undefined);
  }
});

test("anything else is refused", () => {
  for (const text of [
    "PROXY UNKNOWN\r\n",
    "PROXY TCP4 192.0.2.1 198.51.100.7 50000 4433\n",
    "PROXY TCP4 192.0.2.1 198.51.100.7 0 4433\r\n",
    "PROXY TCP4 192.0.2.1 198.51.100.7 65536 4433\r\n",
    "PROXY TCP4 192.0.2.01 198.51.100.7 50000 4433\r\n",
    "PROXY TCP4 999 198.51.100.7 50000 4433\r\n",
    "PROXY TCP6 2001:0db8::1 2001:db8::2 50000 4433\r\n",
    "proxy TCP4 192.0.2.1 198.51.100.7 50000 4433\r\n",
    "x".repeat(107),
  ]) {
    assert.throws(() => decodeProxyHeader(Buffer.from(text)), { code: "ERR_REQUEST_MALFORMED" }, text);
  }
});

test("no bytes give an error of another kind", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 150 }), fc.nat(V4.length), (noise, kept) => {
      try {
        decodeProxyHeader(Buffer.concat([Buffer.from(V4.slice(0, kept)), noise]));
      } catch (error) {
        assert.ok(error instanceof BywayError && error.code === "ERR_REQUEST_MALFORMED");
      }
    }),
  );
});
