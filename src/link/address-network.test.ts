import assert from "node:assert/strict";
import { test } from "node:test";
import { addressNetwork, PrefixKeys } from "./address-crowd.ts";
import { LINK_LIMITS } from "./limits.ts";

test("the network of an address is the same however often and beside how many others it is asked for", () => {
  const cases = [
    ["192.0.2.7", "c00002"],
    ["::ffff:192.0.2.9", "c00002"],
    ["2001:db8:1:2::3", "20010db80001"],
    ["no address", ""],
  ] as const;
  for (let round = 0; round < 3; round += 1) {
    for (const [address, network] of cases) assert.equal(addressNetwork(address), network);
    for (let n = 0; n <= LINK_LIMITS.rememberedNetworks.value; n += 1) addressNetwork(`10.${n >> 8}.${n & 255}.1`);
  }
});

test("no more addresses are remembered than the limit says", () => {
  const keys = new PrefixKeys(3, 6);
  const most = LINK_LIMITS.rememberedNetworks.value;
  for (let n = 0; n < 3 * most; n += 1) {
    keys.of(`10.${n >> 8}.${n & 255}.1`);
    assert.ok(keys.size <= most);
  }
  assert.equal(keys.size, most);
});
