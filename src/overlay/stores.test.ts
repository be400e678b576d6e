import assert from "node:assert/strict";
import { test } from "node:test";
import { Record as DhtRecord } from "@libp2p/kad-dht";
import { base32 } from "multiformats/bases/base32";
import { testRecord, testServices } from "../../test/support/overlays.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { generateIdentity, type Identity } from "../identity/identity.ts";
import { BookStore } from "./book-store.ts";
import { DhtStore, peerOfRecordKey, recordKey } from "./dht-store.ts";
import { OVERLAY_LIMITS } from "./limits.ts";
import type { DatastoreKey } from "./memory-datastore.ts";

const key = (path: string): DatastoreKey => ({ toString: () => path }) as DatastoreKey;
const value = Uint8Array.of(1);

function dhtStore(isKnown = (_: string): boolean => true): { store: DhtStore; clock: FakeClock } {
  const clock = new FakeClock();
  return { clock, store: new DhtStore({ clock, services: testServices, isKnown }) };
}

/** Puts a record as kad-dht does after a stranger's PUT_VALUE. */
function put(store: DhtStore, identity: Identity, number: number, network = "7f01"): void {
  const name = recordKey(identity.peerId);
  const bytes = new DhtRecord(name, testRecord(identity, number), new Date()).serialize();
  const path = key(`/dht/record/${base32.encode(name).slice(1)}`);
  store.onBehalfOf(network, () => store.put(path, bytes.subarray()));
}

function provide(store: DhtStore, shard: string, provider: string, network: string): void {
  store.onBehalfOf(network, () => store.put(key(`/dht/provider/${shard}/${provider}`), value));
}

function providers(store: DhtStore, shard: string): readonly string[] {
  return [...store.query({ prefix: `/dht/provider/${shard}` })].map((pair) => `${pair.key}`.split("/")[4] ?? "");
}

test("an older record never replaces a newer one", () => {
  const { store } = dhtStore();
  const identity = generateIdentity();
  for (const number of [5, 7, 6]) put(store, identity, number);
  assert.deepEqual(Buffer.from(store.record(identity.peerId) ?? []), Buffer.from(testRecord(identity, 7)));
  assert.equal(store.size.records, 1);
});

test("a record that is no longer valid vanishes when it is asked for", () => {
  let expired = false;
  const checkRecord = (): void => {
    if (expired) throw new Error("expired");
  };
  const services = { ...testServices, checkRecord };
  const store = new DhtStore({ clock: new FakeClock(), services, isKnown: () => true });
  const identity = generateIdentity();
  put(store, identity, 5);
  assert.notEqual(store.record(identity.peerId), undefined);
  expired = true;
  assert.equal(store.record(identity.peerId), undefined);
  assert.equal(store.size.records, 0);
});

test("records of one network do not push out those of another, and own ones never go", () => {
  const { store } = dhtStore();
  const [honest, own] = [generateIdentity(), generateIdentity()];
  put(store, honest, 1, "0808");
  const name = recordKey(own.peerId);
  const bytes = new DhtRecord(name, testRecord(own, 1), new Date()).serialize();
  store.put(key(`/dht/record/${base32.encode(name).slice(1)}`), bytes.subarray());
  for (let count = 0; count < OVERLAY_LIMITS.records.value + 100; count += 1) {
    const path = key(`/dht/record/flood${count}`);
    store.onBehalfOf("7f01", () => store.put(path, bytes.subarray()));
  }
  assert.equal(store.size.records, OVERLAY_LIMITS.records.value);
  assert.notEqual(store.record(honest.peerId), undefined);
  assert.notEqual(store.record(own.peerId), undefined);
});

test("only keys of records are keys of records", () => {
  const { peerId } = generateIdentity();
  assert.equal(peerOfRecordKey(recordKey(peerId)), peerId);
  for (const text of [`/byway/${peerId}x`, `/pk/${peerId}`, "/byway/", `/byway/${peerId.toUpperCase()}`, ""]) {
    assert.throws(() => peerOfRecordKey(Buffer.from(text)), text);
  }
});

test("a crowd cannot fill a key of the index, nor the whole of it", () => {
  const { store } = dhtStore();
  for (let count = 0; count < 10; count += 1) provide(store, "shard", `honest${count}`, `0${count}00`);
  for (let count = 0; count < 500; count += 1) provide(store, "shard", `crowd${count}`, "7f01");
  const found = providers(store, "shard");
  assert.equal(found.length, OVERLAY_LIMITS.providersPerKey.value);
  assert.equal(found.filter((name) => name.startsWith("honest")).length, 10);
  for (let count = 0; count < OVERLAY_LIMITS.providers.value + 10; count += 1) {
    provide(store, `other${count}`, "crowd", "7f01");
  }
  assert.equal(store.size.providers, OVERLAY_LIMITS.providers.value);
  assert.equal(providers(store, "shard").filter((name) => name.startsWith("honest")).length, 10);
});

test("entries that were not renewed vanish, as do those of peers without address", () => {
  const known = new Set(["a", "b"]);
  const { store, clock } = dhtStore((name) => known.has(name));
  for (const name of ["a", "b", "c"]) provide(store, "shard", name, "7f01");
  store.put(key("/dht/provider/shard/me"), value);
  assert.deepEqual(providers(store, "shard"), ["me", "a", "b"]);
  clock.advance(OVERLAY_LIMITS.providerMs.value - 1);
  provide(store, "shard", "b", "7f01");
  clock.advance(2);
  assert.deepEqual(providers(store, "shard"), ["me", "b"]);
  assert.equal(store.size.providers, 1);
});

test("the DHT keeps nothing else", () => {
  assert.throws(() => dhtStore().store.put(key("/other/x"), value), { code: "ERR_DIRECTORY_MESSAGE" });
});

test("the address book forgets the longest unused, and takes no more of one peer than its bound", () => {
  const book = new BookStore(3);
  for (const name of ["a", "b", "c"]) book.put(key(`/peers/${name}`), value);
  book.get(key("/peers/a"));
  book.put(key("/peers/d"), value);
  assert.deepEqual(
    ["a", "b", "c", "d"].map((name) => book.keeps(`/peers/${name}`)),
    [true, false, true, true],
  );
  const tooMuch = new Uint8Array(OVERLAY_LIMITS.bookPeerBytes.value + 1);
  assert.throws(() => book.put(key("/peers/a"), tooMuch), { code: "ERR_DIRECTORY_MESSAGE" });
  assert.throws(() => book.get(key("/peers/b")), { name: "NotFoundError" });
});
