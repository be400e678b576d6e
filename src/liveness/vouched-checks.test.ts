import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { advertisedNode } from "../../test/support/advertised-node.ts";
import { DirectoryHub, type HubPeer } from "../../test/support/directory-hub.ts";
import { settled } from "../../test/support/settled.ts";
import { FakeClock } from "../core/fake-clock.ts";
import type { KnownPeer } from "../peers/known-peer.ts";
import { LIVENESS_LIMITS } from "./limits.ts";

const PAUSE_MS = LIVENESS_LIMITS.failedPauseMs.value;

/** A node at a public address, alone in its network. */
const at = (host: string): KnownPeer => advertisedNode({ endpoints: [{ host, port: 4433 }] });

/**
 * A client that knows a node which does not answer at first, and as many keys that claim addresses in its /24 as make a pause.
 * Returns whether the node is usable two minutes after it is back: its own pause has ended by then, that of its /24 has not.
 */
async function isFoundAgain(context: TestContext, { answered }: { readonly answered: boolean }): Promise<boolean> {
  const clock = new FakeClock();
  const hub = new DirectoryHub(context, clock, { localNetwork: false });
  const node = at("51.20.0.200");
  const { peer: nodeId } = node.advertisement;
  const others: HubPeer[] = [];
  for (const host of ["45.10.0.1", "62.30.0.1"]) {
    const other = await hub.node(others, { endpoints: [{ host, port: 4433 }] });
    others.push(other);
  }
  const alive = new Set(others.map((other) => other.node?.advertisement.peer));
  const client = await hub.client(others, (peer) => alive.has(peer));
  const fakes = Array.from({ length: 2 * LIVENESS_LIMITS.failuresPerSubnet.value }, (_, n) => at(`51.20.0.${1 + n}`));
  client.book.addAll(
    [node, ...fakes].map(({ envelope }) => envelope),
    { kind: "gossip" },
  );
  if (answered) client.book.recordCheck(nodeId, 5);
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= LIVENESS_LIMITS.checkPauseMs.value) {
      clock.advance(LIVENESS_LIMITS.checkPauseMs.value);
      await settled();
    }
  };
  await pass(PAUSE_MS / 2);
  alive.add(nodeId);
  await pass(2 * PAUSE_MS);
  return client.directory.candidates({}).some(({ advertisement: { peer } }) => peer === nodeId);
}

test("a node that answered before is not held back by keys that claim its network", async (t) => {
  assert.equal(await isFoundAgain(t, { answered: true }), true);
});

test("a node that nobody vouches for may be held back by them", async (t) => {
  assert.equal(await isFoundAgain(t, { answered: false }), false);
});
