import assert from "node:assert/strict";
import { test } from "node:test";
import { addressArea, addressCrowd, addressNetwork } from "./address-crowd.ts";

test("an IPv6 customer is one crowd, IPv4 addresses are one each however they are written", () => {
  assert.equal(addressCrowd("2001:db8:1:2::1"), addressCrowd("2001:db8:1:2:ffff::9"));
  assert.notEqual(addressCrowd("2001:db8:1:2::1"), addressCrowd("2001:db8:1:3::1"));
  assert.equal(addressCrowd("::ffff:192.0.2.1"), addressCrowd("192.0.2.1"));
  assert.notEqual(addressCrowd("::ffff:192.0.2.1"), addressCrowd("::ffff:192.0.2.2"));
  assert.equal(addressCrowd("fe80::1%eth0"), addressCrowd("fe80::2%eth0"));
  assert.equal(addressCrowd(""), "");
});

test("a network is a /24 of IPv4 or a /48 of IPv6, and never the same key as a crowd", () => {
  assert.equal(addressNetwork("192.0.2.1"), addressNetwork("::ffff:192.0.2.254"));
  assert.notEqual(addressNetwork("192.0.2.1"), addressNetwork("192.0.3.1"));
  assert.equal(addressNetwork("2001:db8:1:2::1"), addressNetwork("2001:db8:1:ffff::1"));
  assert.notEqual(addressNetwork("2001:db8:1::"), addressNetwork("2001:db8:2::"));
  const keys = ["192.0.2.1", "2001:db8::"].flatMap((address) => [addressCrowd(address), addressNetwork(address)]);
  assert.equal(new Set(keys.map(({ length }) => length)).size, keys.length);
  assert.equal(addressNetwork("example.org"), "");
});

test("an area is a /16 of IPv4 or a /32 of IPv6", () => {
  assert.equal(addressArea("192.0.2.1"), addressArea("::ffff:192.0.99.1"));
  assert.notEqual(addressArea("192.0.2.1"), addressArea("192.1.2.1"));
  assert.equal(addressArea("2001:db8:1::1"), addressArea("2001:db8:ffff::1"));
  assert.notEqual(addressArea("2001:db8::"), addressArea("2001:db9::"));
  assert.notEqual(addressArea("192.0.2.1"), addressArea("c000::1"));
  assert.equal(addressArea(""), "");
});
