import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { advertisedNode } from "../../test/support/advertised-node.ts";
import { Country } from "../../test/support/country.ts";
import { networkOfProvider } from "../../test/support/memory-index.ts";
import { settled } from "../../test/support/settled.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { silentLogger } from "../core/logger.ts";
import { seededRandom } from "../core/random.ts";
import { parsePeerId } from "../identity/peer-id.ts";
import type { KnownPeer } from "../peers/known-peer.ts";
import { Announcer } from "./announcer.ts";
import { indexKey } from "./index-key.ts";
import { DISCOVERY_LIMITS } from "./limits.ts";

/** How often a node that joins a country of 1,000 reads the root of its index, and where it then stands. */
async function join(
  context: TestContext,
  own: KnownPeer,
  estimatedPeers: number | undefined,
): Promise<[number, string | undefined]> {
  const large = new Country(seededRandom(7));
  for (const member of large.add(1_000)) await large.place(member);
  large.index.readsByKey.clear();
  const clock = new FakeClock();
  const announcer = new Announcer({
    clock,
    random: seededRandom(8),
    logger: silentLogger,
    overlay: {
      ...large.index.overlayOf(parsePeerId(own.advertisement.peer)),
      connected: () => [],
      putRecord: async () => {},
      publish: async () => {},
      estimatedPeers: () => estimatedPeers,
    },
    exchange: { ask: async () => 0 },
    own: () => own,
    networkOf: networkOfProvider,
  });
  context.after(() => announcer.stop());
  announcer.announce();
  clock.advance(DISCOVERY_LIMITS.recordMs.value);
  await settled();
  const root = Buffer.from(indexKey("de", "")).toString("latin1");
  return [large.index.readsByKey.get(root) ?? 0, announcer.standing?.prefix];
}

test("a node that joins a large network looks for its place from below, and finds the same one", async (t) => {
  const own = advertisedNode({ country: "de" });
  const [readsFromRoot, place] = await join(t, own, undefined);
  assert.ok(place !== undefined);
  assert.deepEqual([readsFromRoot, ...(await join(t, own, 10_000))], [1, 0, place]);
});
