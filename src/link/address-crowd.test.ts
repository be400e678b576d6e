import assert from "node:assert/strict";
import { test } from "node:test";
import { addressCrowd } from "./address-crowd.ts";

test("an IPv6 customer is one crowd, IPv4 addresses are one each however they are written", () => {
  assert.equal(addressCrowd("2001:db8:1:2::1"), addressCrowd("2001:db8:1:2:ffff::9"));
  assert.notEqual(addressCrowd("2001:db8:1:2::1"), addressCrowd("2001:db8:1:3::1"));
  assert.equal(addressCrowd("::ffff:192.0.2.1"), addressCrowd("192.0.2.1"));
  assert.notEqual(addressCrowd("::ffff:192.0.2.1"), addressCrowd("::ffff:192.0.2.2"));
  assert.equal(addressCrowd("fe80::1%eth0"), addressCrowd("fe80::2%eth0"));
  assert.equal(addressCrowd(""), "");
});
