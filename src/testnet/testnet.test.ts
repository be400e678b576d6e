import assert from "node:assert/strict";
import { test } from "node:test";
import { createTestnet } from "./testnet.ts";

test("exits of different countries are seen at different addresses", async (t) => {
  const network = await createTestnet(3);
  t.after(() => network.stop());
  const addresses = new Set<string>();
  for (const { place } of network.nodes) {
    const { saw, route } = await network.fetchOnce({ countries: [place.country], hops: 3 }, false);
    assert.deepEqual([route.hops.length, route.exit.country], [3, place.country]);
    addresses.add(saw.sourceAddress);
  }
  assert.equal(addresses.size, 3);
});

test("where there is one loopback address the network works all the same, and says so", async (t) => {
  const network = await createTestnet(3, { oneAddress: true });
  t.after(() => network.stop());
  assert.equal(network.distinctAddresses, false);
  for (const secure of [false, true]) {
    const { saw, route } = await network.fetchOnce({ hops: 3 }, secure);
    assert.deepEqual([saw.sourceAddress, route.hops.length], ["127.0.0.1", 3]);
  }
});

test("impossible sizes are refused, and stopping twice does no harm", async () => {
  for (const n of [0, 1.5, 101]) await assert.rejects(createTestnet(n), { code: "ERR_USAGE_ARGUMENT" });
  const network = await createTestnet(1);
  await Promise.all([network.stop(), network.stop()]);
  await network.stop();
});
