import assert from "node:assert/strict";
import { test } from "node:test";
import { networkPrefix, subnetPrefix } from "./network-prefix.ts";

test("addresses of one network have one prefix", () => {
  const table = [
    ["127.10.0.1", "127.10"],
    ["2001:db8::1", "2001:db8"],
    ["2001:0DB8:ffff::", "2001:db8"],
    ["2001::1", "2001:0"],
    ["::1", "0:0"],
    ["::ffff:127.0.0.1", "0:0"],
    ["example.com", undefined],
    ["", undefined],
  ] as const;
  for (const [ip, prefix] of table) assert.equal(networkPrefix(ip), prefix, ip);
});

test("addresses of one customer have one prefix", () => {
  const table = [
    ["127.10.3.1", "127.10.3"],
    ["2001:db8:1:2::1", "2001:db8:1"],
    ["2001:db8::1", "2001:db8:0"],
    ["example.com", undefined],
  ] as const;
  for (const [ip, prefix] of table) assert.equal(subnetPrefix(ip), prefix, ip);
});
