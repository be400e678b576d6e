import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAuthority } from "./authority.ts";
import { unmapped, withoutMapping } from "./mapped-ipv4.ts";

test("an IPv4 address that IPv6 wraps is that IPv4 address, in every spelling", () => {
  for (const [written, host] of [
    ["[::ffff:51.20.0.1]:80", "51.20.0.1"],
    ["[::FFFF:3314:1]:80", "51.20.0.1"],
    ["[0:0:0:0:0:ffff:127.0.0.1]:80", "127.0.0.1"],
    ["[::ffff:0.0.0.0]:80", "0.0.0.0"],
    ["[::ffff:255.255.255.255]:80", "255.255.255.255"],
  ] as const)
    assert.deepEqual(withoutMapping(parseAuthority(written)), { host, port: 80 }, written);
});

test("no other address is changed", () => {
  for (const written of [
    "[::1]:80",
    "[::7f00:1]:80",
    "[::ffff:0:7f00:1]:80",
    "[64:ff9b::7f00:1]:80",
    "[2002:7f00:1::]:80",
    "[1::ffff:7f00:1]:80",
    "127.0.0.1:80",
    "a.example:80",
  ]) {
    const address = parseAuthority(written);
    assert.equal(withoutMapping(address), address, written);
  }
});

test("what a socket of IPv6 shows of an IPv4 address is that address", () => {
  assert.equal(unmapped("::ffff:127.0.0.1"), "127.0.0.1");
  assert.equal(unmapped("::FFFF:127.0.0.1"), "127.0.0.1");
  for (const other of ["127.0.0.1", "::1", "fe80::1%eth0", "::ffff:0:1", ""]) assert.equal(unmapped(other), other);
});
