import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { hex, hostileBytes, onlyTypedErrors } from "../../test/support/hostile-bytes.ts";
import { decodeSocks5Datagram, encodeSocks5Datagram } from "./socks5-datagram.ts";

const BYTES = hex("0000 00 01 c0000201 0035 aabb");

test("has the form of RFC 1928", () => {
  const address = { host: "192.0.2.1", port: 53 };
  assert.deepEqual(encodeSocks5Datagram(address, hex("aabb")), BYTES);
  assert.deepEqual(decodeSocks5Datagram(BYTES), { fragment: 0, address, payload: hex("aabb") });
  assert.deepEqual(decodeSocks5Datagram(hex("0000 81 03 01 61 0035")), {
    fragment: 0x81,
    address: { host: "a", port: 53 },
    payload: hex(""),
  });
});

test("a datagram comes back as it was written", () => {
  const host = fc.oneof(fc.ipV4(), fc.constantFrom("::1", "2001:db8::1", "example.com"));
  fc.assert(
    fc.property(host, fc.integer({ min: 1, max: 65_535 }), fc.uint8Array(), (name, port, payload) => {
      const address = { host: name, port };
      assert.deepEqual(decodeSocks5Datagram(encodeSocks5Datagram(address, payload)), { fragment: 0, address, payload });
    }),
  );
});

test("malformed datagrams are typed errors", () => {
  const refused = [
    ["", "ERR_REQUEST_MALFORMED"],
    ["0000 00 01 c00002", "ERR_REQUEST_MALFORMED"],
    ["0001 00 01 c0000201 0035", "ERR_REQUEST_MALFORMED"],
    ["0000 00 02 c0000201 0035", "ERR_SOCKS_ADDRESS_TYPE"],
    ["0000 00 01 c0000201 0000", "ERR_REQUEST_TARGET"],
    ["0000 00 03 00 0035", "ERR_REQUEST_TARGET"],
  ] as const;
  for (const [bytes, code] of refused) assert.throws(() => decodeSocks5Datagram(hex(bytes)), { code }, bytes);
  fc.assert(
    fc.property(hostileBytes([BYTES, hex("0000 81 03 01 61 0035")]), (bytes) => {
      onlyTypedErrors(() => decodeSocks5Datagram(bytes));
    }),
    { numRuns: 500 },
  );
});
