import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { advertisedNode, type NodeTraits } from "../../test/support/advertised-node.ts";
import { NO_TRUST } from "../../test/support/candidates.ts";
import { fakeDirectory } from "../../test/support/fake-directory.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { silentLogger } from "../core/logger.ts";
import { seededRandom } from "../core/random.ts";
import { DISCOVERY_LIMITS } from "../discovery/limits.ts";
import { LIVENESS_LIMITS } from "../liveness/limits.ts";
import type { KnownPeer } from "../peers/known-peer.ts";
import { type OpenedPeers, openPeers } from "../peers/open-peers.ts";
import type { CandidateIndex } from "../routing/candidate-index.ts";
import { CandidateSource } from "./candidate-source.ts";

interface Fixture {
  readonly clock: FakeClock;
  readonly kept: OpenedPeers;
  readonly peers: CandidateSource;
  /** What the caller of the library adds. */
  readonly added: KnownPeer[];
  /** How often the directory was asked. */
  asked(): number;
  /** A node that the book knows. */
  known(traits?: NodeTraits): KnownPeer;
}

function fixture(t: TestContext, hasDirectory = true): Fixture {
  const clock = new FakeClock();
  const random = seededRandom(1);
  const kept = openPeers({ clock, random, logger: silentLogger }, { localNetwork: true });
  t.after(() => kept.stop());
  const added: KnownPeer[] = [];
  const peers = new CandidateSource(
    { clock, book: kept.book, trust: NO_TRUST, more: () => added },
    { sharedNetworks: true },
  );
  const candidates = t.mock.fn((): readonly KnownPeer[] => []);
  if (hasDirectory) peers.follow(fakeDirectory({ candidates }));
  const known = (traits: NodeTraits = {}): KnownPeer => {
    const peer = advertisedNode({ atMs: clock.nowMs(), ...traits });
    kept.book.add(peer.envelope, { kind: "file" });
    return peer;
  };
  return { clock, kept, peers, added, known, asked: () => candidates.mock.callCount() };
}

const idsIn = (index: CandidateIndex): readonly string[] =>
  Array.from({ length: index.size }, (_, row) => index.at(row).peerId);

const idOf = ({ advertisement }: KnownPeer): string => advertisement.peer;

suite("where a client's nodes come from", () => {
  test("a node that is offered again and again and never answers goes with the offer", (t) => {
    const { peers, known } = fixture(t);
    const guard = known();
    for (let n = 0; n < 3; n += 1) peers.offer([idOf(guard)]);
    assert.ok(peers.usable().get(idOf(guard)) !== undefined);
    peers.offer([]);
    assert.equal(peers.usable().size, 0);
  });

  test("a node that is offered is listed no longer than its advertisement is valid", (t) => {
    const { clock, peers, known } = fixture(t);
    const guard = known();
    peers.offer([idOf(guard)]);
    assert.ok(peers.isListed(idOf(guard)));
    clock.advance(3 * 3_600_000);
    assert.equal(peers.isListed(idOf(guard)), false);
    peers.offer([idOf(guard)]);
    assert.equal(peers.usable().size, 0);
  });

  test("a node that relays no longer is no guard", (t) => {
    const { peers, known } = fixture(t);
    const relay = known();
    const exit = known({ roles: ["exit"] });
    assert.deepEqual(
      [relay, exit].map(idOf).map((id) => peers.isListed(id)),
      [true, false],
    );
  });

  test("a node that is offered and has not answered is no exit, until it answers", (t) => {
    const { peers, known } = fixture(t);
    const guard = known();
    const roles = (): readonly string[] | undefined => peers.usable().get(idOf(guard))?.roles;
    peers.offer([idOf(guard)]);
    assert.deepEqual(roles(), ["relay"]);
    peers.noteUsable(guard, true);
    assert.deepEqual(roles(), guard.advertisement.roles);
    peers.noteUsable(guard, false);
    assert.deepEqual(roles(), ["relay"]);
  });

  test("nodes that are offered stand beside those that are only known", (t) => {
    const { peers, known } = fixture(t);
    const guard = known();
    peers.offer([idOf(guard)]);
    assert.ok(peers.known({ roles: ["exit"], countries: ["us"] })?.get(idOf(guard)) !== undefined);
  });

  test("what no node fits is looked up once a second, whoever asks how often, and few such answers are kept", (t) => {
    const { clock, peers, asked } = fixture(t);
    for (let n = 0; n < 1_000; n += 1) peers.known({ countries: ["zz"] });
    assert.equal(asked(), 1);
    clock.advance(DISCOVERY_LIMITS.candidatesMs.value);
    peers.known({ countries: ["zz"] });
    assert.equal(asked(), 2);
    for (let n = 0; n < LIVENESS_LIMITS.queries.value; n += 1) peers.known({ cities: [`city${n}`] });
    peers.known({ countries: ["zz"] });
    assert.equal(asked(), 3 + LIVENESS_LIMITS.queries.value);
  });

  test("a node that two have told of stays until both take it back", (t) => {
    const { peers, added, known } = fixture(t);
    const node = known();
    added.push(node);
    peers.noteUsable(node, true);
    assert.equal(peers.usable().size, 1);
    peers.noteUsable(node, false);
    assert.equal(peers.usable().size, 1, "still added by the library's caller");
    peers.noteUsable(node, true);
    added.pop();
    assert.equal(peers.usable().size, 1, "still answers");
    peers.noteUsable(node, false);
    assert.equal(peers.usable().size, 0);
  });

  test("without a directory the book is read now and then, not for each choice", (t) => {
    const { clock, kept, peers, known } = fixture(t, false);
    const first = known();
    const find = t.mock.method(kept.book, "find");
    for (let n = 0; n < 100; n += 1) assert.ok(peers.usable().get(idOf(first)) !== undefined);
    assert.equal(find.mock.callCount(), 1);
    const second = known();
    clock.advance(DISCOVERY_LIMITS.currentPeersMs.value);
    assert.equal(peers.usable().size, 2);
    clock.advance(3 * 3_600_000);
    assert.equal(peers.usable().get(idOf(second)), undefined);
  });

  test("of a book that is larger than what is read of it the same nodes stay, and others are found by what is asked", (t) => {
    const { clock, peers, known } = fixture(t, false);
    const most = DISCOVERY_LIMITS.currentPeers.value;
    for (let n = 0; n < most + 100; n += 1) known();
    const before = new Set(idsIn(peers.usable()));
    clock.advance(DISCOVERY_LIMITS.currentPeersMs.value);
    assert.deepEqual(new Set(idsIn(peers.usable())), before);
    const rare = known({ country: "is" });
    clock.advance(DISCOVERY_LIMITS.currentPeersMs.value);
    peers.usable();
    assert.ok(peers.known({ countries: ["is"] })?.get(idOf(rare)) !== undefined);
  });
});
