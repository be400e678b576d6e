import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { hex, hostileBytes, onlyTypedErrors } from "../../test/support/hostile-bytes.ts";
import { decodeSocks4Request, encodeSocks4Reply, SOCKS4_REPLIES, type Socks4Request } from "./socks4.ts";

const PLAIN = hex("04 01 0050 c0000201 616263 00");
const NAMED = hex("04 01 01bb 00000001 00 6578616d706c652e636f6d 00");
const REQUESTS: readonly (readonly [Uint8Array, Socks4Request])[] = [
  [
    hex("04 01 0050 c0000201 6dfc 00"),
    { command: "connect", target: { host: "192.0.2.1", port: 80 }, userId: hex("6dfc") },
  ],
  [PLAIN, { command: "connect", target: { host: "192.0.2.1", port: 80 }, userId: hex("616263") }],
  [NAMED, { command: "connect", target: { host: "example.com", port: 443 }, userId: hex("") }],
  [hex("04 02 ffff 7f000001 00"), { command: "bind", target: { host: "127.0.0.1", port: 65_535 }, userId: hex("") }],
  [hex("04 01 0050 00000000 00"), { command: "connect", target: { host: "0.0.0.0", port: 80 }, userId: hex("") }],
  [
    hex("04 01 0050 000000ff 61 00 3078376600"),
    { command: "connect", target: { host: "0.0.0.127", port: 80 }, userId: hex("61") },
  ],
];

test("requests are read when they are whole, and what follows is left alone", () => {
  for (const [bytes, value] of REQUESTS) {
    for (let cut = 0; cut < bytes.length; cut += 1) {
      assert.equal(decodeSocks4Request(bytes.subarray(0, cut)), undefined);
    }
    assert.deepEqual(decodeSocks4Request(Buffer.concat([bytes, hex("00 01")])), { value, length: bytes.length });
  }
});

test("malformed requests are typed errors", () => {
  const refused = [
    ["05", "ERR_REQUEST_MALFORMED"],
    ["04 03", "ERR_SOCKS_COMMAND"],
    ["04 01 0000 c0000201 00", "ERR_REQUEST_TARGET"],
    ["04 01 0050 00000001 00 00", "ERR_REQUEST_TARGET"],
    ["04 01 0050 00000001 00 612000", "ERR_REQUEST_TARGET"],
    ["04 01 0050 00000001 00 ff00", "ERR_REQUEST_TARGET"],
    [`04 01 0050 c0000201 ${"61".repeat(513)}`, "ERR_REQUEST_TOO_LARGE"],
    [`04 01 0050 00000001 00 ${"61".repeat(256)}`, "ERR_REQUEST_TOO_LARGE"],
  ] as const;
  for (const [bytes, code] of refused) assert.throws(() => decodeSocks4Request(hex(bytes)), { code }, bytes);
  assert.equal(decodeSocks4Request(hex(`04 01 0050 c0000201 ${"61".repeat(512)}`)), undefined);
});

test("replies", () => {
  assert.deepEqual(encodeSocks4Reply(SOCKS4_REPLIES.granted), hex("00 5a 0000 00000000"));
  assert.deepEqual(encodeSocks4Reply(SOCKS4_REPLIES.refused), hex("00 5b 0000 00000000"));
});

test("hostile bytes give values, waiting or typed errors", () => {
  fc.assert(
    fc.property(hostileBytes([PLAIN, NAMED]), (bytes) => {
      onlyTypedErrors(() => assert.ok((decodeSocks4Request(bytes)?.length ?? 0) <= bytes.length));
    }),
    { numRuns: 500 },
  );
});
