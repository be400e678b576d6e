import assert from "node:assert/strict";
import { test } from "node:test";
import type { PeerId as Libp2pPeerId } from "@libp2p/interface";
import type { KadDHT } from "@libp2p/kad-dht";
import { multiaddr } from "@multiformats/multiaddr";
import { testRecord, testServices } from "../../test/support/overlays.ts";
import { until } from "../../test/support/proxy-fixture.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { generateIdentity, type Identity } from "../identity/identity.ts";
import { Dht } from "./dht.ts";
import { DhtStore } from "./dht-store.ts";
import { toLibp2p } from "./libp2p-identity.ts";
import { OVERLAY_LIMITS } from "./limits.ts";

const PATH = { index: 0 };
const newId = (): Libp2pPeerId => toLibp2p(generateIdentity().peerId);

/** A kad-dht that says what a test wants, and remembers what it is told. */
class FakeKad {
  readonly peers = new Set<Libp2pPeerId>();
  readonly puts: Uint8Array[] = [];
  /** Values that others answer a GET with, in turn. */
  values: Uint8Array[] = [];
  /** Peers that each of the closest names. */
  providers = new Map<Libp2pPeerId, Libp2pPeerId[]>();
  lookups = 0;
  readonly routingTable: object = Object.assign(new EventTarget(), {
    closestPeers: () => this.peers,
    remove: async (peer: Libp2pPeerId) => this.peers.delete(peer),
  });
  readonly network: object = {
    sendRequest: async function* (this: void, to: Libp2pPeerId) {
      const named = self.providers.get(to) ?? [];
      const multiaddrs = [multiaddr("/ip4/8.8.8.8/tcp/1")];
      yield { name: "PEER_RESPONSE", providers: named.map((id) => ({ id, multiaddrs })) };
    },
  };

  constructor() {
    self = this;
    Object.defineProperty(this.routingTable, "size", { get: () => this.peers.size });
  }

  add(peer: Libp2pPeerId): void {
    this.peers.add(peer);
    (this.routingTable as EventTarget).dispatchEvent(new CustomEvent("peer:add", { detail: peer }));
  }

  async *get(): AsyncGenerator<object> {
    for (const value of this.values) yield { name: "PEER_RESPONSE", path: PATH, record: { value } };
    // What kad-dht does next lasts as long as the first peer likes to let it wait.
    yield { name: "DIAL_PEER", path: { index: -1 } };
    await new Promise(() => {});
  }

  async *put(_key: Uint8Array, value: Uint8Array): AsyncGenerator<object> {
    this.puts.push(value);
    yield { name: "PEER_RESPONSE", path: PATH };
  }

  async *getClosestPeers(): AsyncGenerator<object> {
    this.lookups += 1;
    for (const id of this.providers.keys()) yield { name: "FINAL_PEER", path: PATH, peer: { id } };
  }
}
let self: FakeKad;

function rig(): { kad: FakeKad; dht: Dht; identity: Identity; clock: FakeClock; self: Libp2pPeerId } {
  const kad = new FakeKad();
  const clock = new FakeClock();
  const identity = generateIdentity();
  const own = toLibp2p(identity.peerId);
  const services = testServices;
  const store = new DhtStore({ clock, services, isKnown: () => true });
  const components = { kad: kad as unknown as KadDHT, store, clock, services, self: own, isConnected: () => true };
  return { kad, clock, identity, self: own, dht: new Dht(components) };
}

test("the newest of all answers counts, and is put again where an older one was", async () => {
  const { kad, dht } = rig();
  kad.add(newId());
  const identity = generateIdentity();
  kad.values = [5, 7, 6].map((number) => testRecord(identity, number));
  assert.deepEqual(await dht.getRecord(identity.peerId), testRecord(identity, 7));
  await dht.stop();
  assert.deepEqual(kad.puts, [testRecord(identity, 7)]);
  kad.puts.length = 0;
  const other = rig();
  other.kad.add(newId());
  other.kad.values = [testRecord(identity, 7), testRecord(identity, 7)];
  await other.dht.getRecord(identity.peerId);
  await other.dht.stop();
  assert.deepEqual(other.kad.puts, []);
});

test("one liar among the closest peers cannot fill a list", async () => {
  const { kad, dht, self: own } = rig();
  const honest = [newId(), newId()];
  kad.add(newId());
  kad.providers = new Map([
    [newId(), Array.from({ length: 200 }, newId)],
    [newId(), honest],
    [newId(), [own, ...honest]],
  ]);
  const found = await dht.providers(new Uint8Array(32), 10);
  assert.equal(found.length, 10);
  for (const peer of honest) assert.ok(found.some(({ peerId }) => toLibp2p(peerId).equals(peer)));
  assert.ok(!found.some(({ peerId }) => toLibp2p(peerId).equals(own)));
});

test("a table has so many neighbours at each distance and no more", () => {
  const { kad } = rig();
  for (let count = 0; count < 400; count += 1) kad.add(newId());
  // 400 ids: half share no bit with us, a quarter one, and so on.
  assert.ok(kad.peers.size < 40 + 40 + 40 + 40 + 50, `${kad.peers.size}`);
  assert.ok(kad.peers.size > 120, `${kad.peers.size}`);
});

test("the first neighbour starts a look-up of those next to us, once; so does the first after none", async () => {
  const { kad, dht } = rig();
  const peer = newId();
  kad.add(peer);
  kad.add(newId());
  await until(() => kad.lookups === 1);
  kad.peers.clear();
  (kad.routingTable as EventTarget).dispatchEvent(new CustomEvent("peer:remove", { detail: peer }));
  kad.add(peer);
  await until(() => kad.lookups === 2);
  await dht.stop();
  assert.equal(kad.lookups, 2);
});

test("a look-up waits for the first neighbour, but not for ever, nor past an abort", async () => {
  const { kad, dht, clock } = rig();
  const found = dht.providers(new Uint8Array(32), 1);
  assert.equal(kad.lookups, 0);
  clock.advance(OVERLAY_LIMITS.firstNeighbourMs.value);
  assert.deepEqual(await found, []);
  assert.equal(kad.lookups, 1);
  const abort = new AbortController();
  const aborted = dht.providers(new Uint8Array(32), 1, abort.signal);
  abort.abort(new Error("enough"));
  await assert.rejects(aborted, { message: "enough" });
  assert.equal(clock.pending, 0);
});
