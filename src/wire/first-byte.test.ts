import assert from "node:assert/strict";
import { METHODS } from "node:http";
import { test } from "node:test";
import { protocolOfFirstByte } from "./first-byte.ts";

test("the first byte tells TLS, libp2p and HTTP apart, and everything else is none of them", () => {
  const of = (text: string): unknown => protocolOfFirstByte(Buffer.from(text, "latin1")[0]);
  assert.equal(of("\x16\x03\x01"), "tls");
  assert.equal(of("\x13/multistream/1.0.0\n"), "multistream");
  for (const method of ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"]) {
    assert.ok(METHODS.includes(method));
    assert.equal(of(`${method} / HTTP/1.1`), "http");
  }
  for (const other of ["SSH-2.0-x", "\x05\x01\x00", "\x04\x01", "\x15\x03\x01", "\x00", "\xff", "get /", "\r\n", ""]) {
    assert.equal(of(other), undefined, other);
  }
});
