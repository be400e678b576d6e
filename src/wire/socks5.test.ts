import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { hex, hostileBytes, onlyTypedErrors } from "../../test/support/hostile-bytes.ts";
import { ERROR_TABLE } from "../core/error-table.ts";
import type { Decoded } from "./decoded.ts";
import {
  decodeSocks5Credentials,
  decodeSocks5Greeting,
  decodeSocks5Request,
  encodeSocks5AuthStatus,
  encodeSocks5Method,
  encodeSocks5Reply,
  SOCKS5_METHODS,
} from "./socks5.ts";
import { encodeSocks5Credentials, encodeSocks5Greeting, encodeSocks5Request } from "./socks5-client.ts";

const COMMANDS = ["connect", "bind", "udp-associate"] as const;

/** Every beginning wants more, and bytes after the end are left alone. */
function assertIncremental<T>(
  decode: (bytes: Uint8Array) => Decoded<T> | undefined,
  bytes: Uint8Array,
  value: T,
): void {
  for (let cut = 0; cut < bytes.length; cut += 1) assert.equal(decode(bytes.subarray(0, cut)), undefined);
  for (const rest of [hex(""), hex("00"), hex("0505ff")]) {
    assert.deepEqual(decode(Buffer.concat([bytes, rest])), { value, length: bytes.length });
  }
}

test("greetings", () => {
  assertIncremental(decodeSocks5Greeting, hex("05 02 00 02"), [0, 2]);
  assertIncremental(decodeSocks5Greeting, hex("05 00"), []);
  assert.deepEqual(encodeSocks5Greeting([0, 2]), hex("05 02 00 02"));
  assert.deepEqual(encodeSocks5Method(SOCKS5_METHODS.userPassword), hex("05 02"));
  assert.deepEqual(encodeSocks5Method(SOCKS5_METHODS.noneAcceptable), hex("05 ff"));
  for (const first of ["04", "47", "00", "06ff"]) {
    assert.throws(() => decodeSocks5Greeting(hex(first)), { code: "ERR_REQUEST_MALFORMED" });
  }
});

test("user names and passwords", () => {
  assertIncremental(decodeSocks5Credentials, hex("01 01 61 02 6263"), { user: hex("61"), password: hex("6263") });
  assertIncremental(decodeSocks5Credentials, hex("01 00 00"), { user: hex(""), password: hex("") });
  const name = fc.string({ unit: "grapheme", maxLength: 60 }).filter((text) => Buffer.byteLength(text) <= 255);
  fc.assert(
    fc.property(name, name, (user, password) => {
      const bytes = encodeSocks5Credentials({ user, password });
      const value = { user: Uint8Array.from(Buffer.from(user)), password: Uint8Array.from(Buffer.from(password)) };
      assert.deepEqual(decodeSocks5Credentials(bytes), { value, length: bytes.length });
    }),
  );
  assert.deepEqual(encodeSocks5AuthStatus(true), hex("01 00"));
  assert.deepEqual(encodeSocks5AuthStatus(false), hex("01 01"));
  // Which letters the bytes are is for the reader to find out.
  assertIncremental(decodeSocks5Credentials, hex("01 01 ff 01 c0"), { user: hex("ff"), password: hex("c0") });
  assert.throws(() => decodeSocks5Credentials(hex("05")), { code: "ERR_REQUEST_MALFORMED" });
});

test("requests", () => {
  assertIncremental(decodeSocks5Request, hex("05 01 00 01 c0000201 01bb"), {
    command: "connect",
    target: { host: "192.0.2.1", port: 443 },
  });
  assertIncremental(decodeSocks5Request, hex("05 01 00 03 0b 6578616d706c652e636f6d 0050"), {
    command: "connect",
    target: { host: "example.com", port: 80 },
  });
  assertIncremental(decodeSocks5Request, hex("05 02 00 04 20010db8000000000000000000000001 ffff"), {
    command: "bind",
    target: { host: "2001:db8::1", port: 65_535 },
  });
  assertIncremental(decodeSocks5Request, hex("05 03 00 01 00000000 0000"), {
    command: "udp-associate",
    target: { host: "0.0.0.0", port: 0 },
  });
});

test("an address in the form of a name is that address", () => {
  for (const [name, host] of [
    ["0x7f.1", "127.0.0.1"],
    ["::1", "::1"],
    ["LocalHost.", "localhost"],
  ] as const) {
    const bytes = Uint8Array.of(5, 1, 0, 3, name.length, ...Buffer.from(name), 0, 80);
    assert.deepEqual(decodeSocks5Request(bytes)?.value.target, { host, port: 80 });
  }
});

test("a malformed request is told as soon as it can be, with the reply to send", () => {
  const refused = [
    ["04", "ERR_REQUEST_MALFORMED", 1],
    ["05 00", "ERR_SOCKS_COMMAND", 7],
    ["05 04", "ERR_SOCKS_COMMAND", 7],
    ["05 01 00 00", "ERR_SOCKS_ADDRESS_TYPE", 8],
    ["05 01 00 02", "ERR_SOCKS_ADDRESS_TYPE", 8],
    ["05 01 00 03 00 0050", "ERR_REQUEST_TARGET", 8],
    ["05 01 00 03 01 20 0050", "ERR_REQUEST_TARGET", 8],
    ["05 01 00 03 02 c3c3 0050", "ERR_REQUEST_TARGET", 8],
    ["05 01 00 03 06 613a38302020 0050", "ERR_REQUEST_TARGET", 8],
    ["05 01 00 01 c0000201 0000", "ERR_REQUEST_TARGET", 8],
  ] as const;
  for (const [bytes, code, reply] of refused) {
    assert.throws(() => decodeSocks5Request(hex(bytes)), { code }, bytes);
    assert.equal(ERROR_TABLE[code].socks, reply);
  }
});

test("replies", () => {
  assert.deepEqual(encodeSocks5Reply(0), hex("05 00 00 01 00000000 0000"));
  assert.deepEqual(encodeSocks5Reply(5, { host: "127.0.0.1", port: 1_080 }), hex("05 05 00 01 7f000001 0438"));
  assert.deepEqual(encodeSocks5Reply(0, { host: "::1", port: 1 }), hex(`05 00 00 04 ${"00".repeat(15)}01 0001`));
});

test("any target comes back from a request", () => {
  const host = fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain());
  const port = fc.integer({ min: 1, max: 65_535 });
  fc.assert(
    fc.property(host, port, fc.constantFrom(...COMMANDS), (name, number, command) => {
      onlyTypedErrors(() => {
        const bytes = encodeSocks5Request(command, { host: name, port: number });
        const request = decodeSocks5Request(bytes);
        assert.equal(request?.length, bytes.length);
        assert.equal(request.value.command, command);
        assert.deepEqual(encodeSocks5Request(command, request.value.target), bytes);
      });
    }),
  );
});

test("hostile bytes give values, waiting or typed errors", () => {
  const samples = [
    hex("05 02 00 02"),
    hex("01 01 61 02 6263"),
    hex("05 01 00 03 0b 6578616d706c652e636f6d 0050"),
    hex("05 02 00 04 20010db8000000000000000000000001 ffff"),
  ];
  fc.assert(
    fc.property(hostileBytes(samples), (bytes) => {
      for (const decode of [decodeSocks5Greeting, decodeSocks5Credentials, decodeSocks5Request]) {
        onlyTypedErrors(() => assert.ok((decode(bytes)?.length ?? 0) <= bytes.length));
      }
    }),
    { numRuns: 500 },
  );
});

test("no client can make the server wait for more than 600 bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 600, maxLength: 600 }), (bytes) => {
      for (const [decode, version] of [
        [decodeSocks5Greeting, 5],
        [decodeSocks5Credentials, 1],
        [decodeSocks5Request, 5],
      ] as const) {
        onlyTypedErrors(() => assert.notEqual(decode(bytes.with(0, version)), undefined));
      }
    }),
  );
});
