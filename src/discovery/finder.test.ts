import assert from "node:assert/strict";
import { test } from "node:test";
import { Country } from "../../test/support/country.ts";
import { networkOfProvider } from "../../test/support/memory-index.ts";
import { seededRandom } from "../core/random.ts";
import type { PeerId } from "../identity/peer-id.ts";
import { Finder } from "./finder.ts";
import { indexKey } from "./index-key.ts";
import { DISCOVERY_LIMITS } from "./limits.ts";

test("who has searched a country begins where its index ended, and leaves the hottest key alone", async () => {
  const large = new Country(seededRandom(7));
  for (const member of large.add(1_000)) await large.place(member);
  const finder = new Finder({
    random: seededRandom(8),
    overlay: {
      ...large.index.overlayOf("searcher" as PeerId),
      connected: () => [],
      learn: async () => {},
      getRecord: async () => undefined,
    },
    exchange: { ask: async () => 0, askKnown: async () => 0 },
    book: { find: () => [], get: () => undefined, addAll: () => [] },
    likely: () => [],
    networkOf: networkOfProvider,
  });
  const readsOfRoot = async (): Promise<number> => {
    large.index.readsByKey.clear();
    await finder.find({ countries: ["de"] }, new AbortController().signal);
    assert.ok(large.index.readsByKey.size > 0);
    return large.index.readsByKey.get(Buffer.from(indexKey("de", "")).toString("latin1")) ?? 0;
  };
  assert.equal(await readsOfRoot(), 1);
  assert.equal(await readsOfRoot(), 0);
});

test("a search nearby asks some connected peers, dials nobody, and leaves index and records alone", async () => {
  const connected = ["a", "b", "c", "d", "e"] as PeerId[];
  const asked: string[] = [];
  const forbidden = (): never => assert.fail("not for a search nearby");
  const finder = new Finder({
    random: seededRandom(1),
    overlay: {
      connected: () => connected,
      providers: forbidden,
      provide: forbidden,
      cancelProvide: forbidden,
      learn: forbidden,
      getRecord: forbidden,
    },
    exchange: {
      ask: async (peer) => {
        asked.push(peer);
        return 1;
      },
      askKnown: forbidden,
    },
    book: { find: forbidden, get: forbidden, addAll: forbidden },
    likely: forbidden,
    networkOf: networkOfProvider,
  });
  const query = { countries: ["de"], peers: ["k51"] };
  assert.equal(await finder.findNear(query, new AbortController().signal), DISCOVERY_LIMITS.findPeers.value);
  assert.equal(new Set(asked).size, DISCOVERY_LIMITS.findPeers.value);
});
