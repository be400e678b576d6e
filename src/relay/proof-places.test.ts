import assert from "node:assert/strict";
import { test } from "node:test";
import { RELAY_LIMITS } from "./limits.ts";
import { ProofPlaces } from "./proof-places.ts";

const { pendingProofsPerNetwork, pendingProofsPerEndpointNetwork } = RELAY_LIMITS;

/** How many places there are for these askers and hosts. */
function fill(places: ProofPlaces, at: (n: number) => readonly [asker: string, host: string]): number {
  for (let n = 0; n < 10_000; n += 1) if (places.take(...at(n), () => {}) === undefined) return n;
  return assert.fail("nothing bounds it");
}

test("proofs are bounded for the network of the askers and for that of the endpoints", () => {
  assert.equal(
    fill(new ProofPlaces(), (n) => [`203.0.113.${n}`, `198.51.${n}.1`]),
    pendingProofsPerNetwork.value,
  );
  assert.equal(
    fill(new ProofPlaces(), (n) => [`203.0.${n}.1`, `198.51.100.${n}`]),
    pendingProofsPerEndpointNetwork.value,
  );
  assert.equal(
    fill(new ProofPlaces(), (n) => [`203.${n}.0.1`, `198.${n}.0.1`]),
    RELAY_LIMITS.pendingProofs.value,
  );
});

test("in a local network all endpoints may be in one network", () => {
  const places = new ProofPlaces({ localNetwork: true });
  const count = fill(places, (n) => [`203.0.${n}.1`, "127.0.0.1"]);
  assert.equal(count, RELAY_LIMITS.pendingProofs.value);
});

test("an evicted proof gives back what it holds of both, once", () => {
  const places = new ProofPlaces({ maxPendingProofs: 2 });
  const evicted: string[] = [];
  const release = places.take("203.0.113.1", "198.51.100.1", () => evicted.push("first"));
  places.take("203.0.113.1", "198.51.100.2", () => evicted.push("second"));
  const newcomer = places.take("203.0.114.1", "198.51.101.1", () => evicted.push("newcomer"));
  assert.deepEqual([evicted, places.taken], [["first"], 2]);
  release?.();
  assert.equal(places.taken, 2);
  newcomer?.();
  newcomer?.();
  assert.equal(places.taken, 1);
});

test("the place of an evicted proof is free for another endpoint of its network at once", () => {
  const most = pendingProofsPerEndpointNetwork.value;
  const places = new ProofPlaces({ maxPendingProofs: most });
  for (let n = 0; n < most; n += 1) places.take("203.0.113.1", `198.51.100.${n}`, () => {});
  assert.equal(
    places.take("203.0.114.1", "198.51.100.99", () => {}),
    undefined,
  );
  assert.ok(places.take("203.0.114.1", "198.51.101.1", () => {}) !== undefined);
  assert.ok(places.take("203.0.115.1", "198.51.100.99", () => {}) !== undefined);
});
