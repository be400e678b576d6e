import assert from "node:assert/strict";
import { test } from "node:test";
import { advertisedNode } from "../../test/support/advertised-node.ts";
import { seededRandom } from "../core/random.ts";
import { generateIdentity } from "../identity/identity.ts";
import type { PeerId } from "../identity/peer-id.ts";
import { LIVENESS_LIMITS } from "../liveness/limits.ts";
import type { KnownPeer } from "../peers/known-peer.ts";
import type { PeerQuery } from "../wire/peer-query.ts";
import { DISCOVERY_LIMITS } from "./limits.ts";
import { Witnesses } from "./witnesses.ts";

function setUp(addresses: readonly string[], localNetwork = false) {
  const tellers = addresses.map(() => generateIdentity().peerId);
  const noted: [string, readonly string[]][] = [];
  const named: string[] = [];
  const asked: { readonly witness: string; readonly query: PeerQuery }[] = [];
  const witnesses = new Witnesses(
    {
      random: seededRandom(1),
      overlay: { connected: () => tellers, addressOf: (peer: PeerId) => addresses[tellers.indexOf(peer)] || undefined },
      exchange: () => ({
        ask: async (witness: PeerId, query: PeerQuery) => {
          asked.push({ witness, query });
          return 0;
        },
        askKnown: async ({ advertisement: { peer: witness } }: KnownPeer, query: PeerQuery) => {
          asked.push({ witness, query });
          return 0;
        },
      }),
      book: { noteNamed: (network, peers) => noted.push([network, peers]) },
      nominations: { name: (network) => named.push(network) },
    },
    { localNetwork },
  );
  return { witnesses, tellers, noted, named, asked };
}

const { signal } = new AbortController();

test("tellers of one network are one witness, and on a local network each is one", () => {
  for (const [localNetwork, networks] of [
    [false, 1],
    [true, 2],
  ] as const) {
    const { witnesses, tellers, noted } = setUp(["9.9.1.1", "9.9.2.2"], localNetwork);
    const { peerId } = generateIdentity();
    for (const teller of tellers) witnesses.note(teller, [peerId], true);
    assert.equal(new Set(noted.map(([network]) => network)).size, networks);
  }
});

test("one that has hung up is no witness, and all such tellers together have one turn", () => {
  const { witnesses, tellers, noted, named } = setUp(["", ""]);
  for (const teller of tellers) witnesses.note(teller, [generateIdentity().peerId], true);
  assert.deepEqual(noted, []);
  assert.equal(named.length, 2);
  assert.equal(new Set(named).size, 1);
});

test("of nodes that one network named, somebody of another is asked, and of no others", async () => {
  const { witnesses, tellers, asked } = setUp(["1.1.0.1", "2.2.0.1"]);
  const lacking = { ...advertisedNode({ endpoints: [{ host: "3.3.0.1", port: 1 }] }), namedIn: ["1.1"] };
  const nodes = [lacking, { ...advertisedNode(), namedIn: ["1.1", "2.2"] }];
  await witnesses.seek(nodes, signal);
  assert.deepEqual(asked, [{ witness: tellers[1], query: { peers: [lacking.advertisement.peer] } }]);
  await witnesses.seek(nodes.slice(1), signal);
  assert.equal(asked.length, 1);
});

test("a node is no witness of itself, and no more are asked for at once than one answer holds", async () => {
  const { witnesses, tellers, asked } = setUp(["1.1.0.1"]);
  const [only] = tellers;
  const own = { ...advertisedNode(), namedIn: [] };
  await witnesses.seek([{ ...own, advertisement: { ...own.advertisement, peer: String(only) } }], signal);
  assert.equal(asked.length, 0);
  const many = Array.from({ length: 60 }, () => ({ ...advertisedNode(), namedIn: [] }));
  await witnesses.seek(many, signal);
  assert.equal(asked[0]?.query.peers?.length, DISCOVERY_LIMITS.answerNodes.value);
});

test("where nobody who is connected can witness, one of the nodes is asked", async () => {
  const { witnesses, asked } = setUp(["1.1.0.1"]);
  const at = (host: string) => ({ ...advertisedNode({ endpoints: [{ host, port: 1 }] }), namedIn: ["1.1"] });
  const [near, far] = [at("1.1.0.9"), at("2.2.0.1")];
  await witnesses.seek([near, far], signal);
  assert.deepEqual(asked, [{ witness: far.advertisement.peer, query: { peers: [near.advertisement.peer] } }]);
});

test("of the nodes at hand those may stand behind others that two networks named, or as many as there are", () => {
  const { witnesses } = setUp([]);
  const at = (host: string, namedIn: readonly string[]) => ({
    ...advertisedNode({ endpoints: [{ host, port: 1 }] }),
    namedIn,
  });
  const nodes = [at("1.1.0.1", ["2.2"]), at("2.2.0.1", ["1.1", "3.3"]), at("3.3.0.1", [])];
  assert.deepEqual(witnesses.witnessed(nodes), [nodes[1]]);
  assert.deepEqual(witnesses.witnessed(nodes.slice(0, 2)), nodes.slice(0, 2));
});

test("who named nobody when it was asked for any counts as no witness, until it names somebody", () => {
  const { witnesses, tellers } = setUp(["1.1.0.1"]);
  const [teller] = tellers;
  const node = { ...advertisedNode(), namedIn: [] };
  const known = { ...node, advertisement: { ...node.advertisement, peer: String(teller) } };
  const isMute = (): boolean | undefined => witnesses.marked<KnownPeer>(known)?.isMute;
  witnesses.note(teller ?? assert.fail(), [], false);
  assert.equal(isMute(), undefined, "it was asked for something that it may not have");
  witnesses.note(teller ?? assert.fail(), [], true);
  assert.equal(isMute(), true);
  witnesses.note(teller ?? assert.fail(), [generateIdentity().peerId], true);
  assert.equal(isMute(), undefined);
  for (let n = 0; n < 2 * LIVENESS_LIMITS.usableInAll.value; n += 1)
    witnesses.note(generateIdentity().peerId, [], true);
  witnesses.note(teller ?? assert.fail(), [], true);
  assert.equal(isMute(), true, "the oldest are forgotten, not the newest");
});
