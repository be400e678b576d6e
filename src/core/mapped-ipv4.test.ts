import assert from "node:assert/strict";
import { test } from "node:test";
import { parseIp } from "./ip-address.ts";
import { unmapped, unmappedBytes, withoutMapping } from "./mapped-ipv4.ts";

const bytesOf = (text: string): Uint8Array => parseIp(text)?.bytes ?? new Uint8Array();

test("an IPv4 address that IPv6 wraps is that IPv4 address, in every spelling", () => {
  for (const [written, host] of [
    ["::ffff:51.20.0.1", "51.20.0.1"],
    ["::FFFF:3314:1", "51.20.0.1"],
    ["0:0:0:0:0:ffff:127.0.0.1", "127.0.0.1"],
    ["0000::0000:ffff:127.0.0.1", "127.0.0.1"],
    ["::ffff:0.0.0.0", "0.0.0.0"],
    ["::ffff:255.255.255.255", "255.255.255.255"],
  ] as const)
    assert.deepEqual(unmappedBytes(bytesOf(written)), bytesOf(host), written);
  for (const [host, ipv4] of [
    ["::ffff:3314:1", "51.20.0.1"],
    ["::ffff:0:0", "0.0.0.0"],
    ["::ffff:ffff:ffff", "255.255.255.255"],
  ] as const)
    assert.deepEqual(withoutMapping({ host, port: 80 }), { host: ipv4, port: 80 });
});

test("no other address is changed", () => {
  for (const host of [
    "::1",
    "::7f00:1",
    "::ffff:0:7f00:1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "1::ffff:7f00:1",
    "127.0.0.1",
    "a.example",
  ]) {
    const address = { host, port: 80 };
    assert.equal(withoutMapping(address), address, host);
    const bytes = bytesOf(host);
    assert.equal(unmappedBytes(bytes), bytes, host);
  }
});

test("what a socket of IPv6 shows of an IPv4 address is that address", () => {
  assert.equal(unmapped("::ffff:127.0.0.1"), "127.0.0.1");
  assert.equal(unmapped("::FFFF:127.0.0.1"), "127.0.0.1");
  for (const other of ["127.0.0.1", "::1", "fe80::1%eth0", "::ffff:0:1", ""]) assert.equal(unmapped(other), other);
});
