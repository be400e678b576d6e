import assert from "node:assert/strict";
import { test } from "node:test";
import { Country, type Member } from "../../test/support/country.ts";
import { MemoryIndex, networkOfProvider } from "../../test/support/memory-index.ts";
import { seededRandom } from "../core/random.ts";
import type { PeerId } from "../identity/peer-id.ts";
import { indexKey, indexPath } from "./index-key.ts";
import { findInIndex, provideInIndex } from "./index-trie.ts";
import { DISCOVERY_LIMITS } from "./limits.ts";

const FULL = DISCOVERY_LIMITS.indexShardPeers.value;
const country = "de";

async function placeAll(all: Country, members: readonly Member[] = all.members): Promise<void> {
  for (const member of members) await all.place(member);
}

test("keys are what docs/protocol.md says", () => {
  const hex = (key: Uint8Array): string => Buffer.from(key).toString("hex");
  assert.equal(hex(indexKey("de", "")), "6a86ca36cea353a13be7e4c11118cac9aeaebe8f154fc2dc8ced33a058aa28ef");
  assert.notEqual(hex(indexKey("de", "0")), hex(indexKey("de", "")));
  assert.match(indexPath("peer-0"), /^[01]{20}$/);
});

test("a small country stands in the root and is found with one read", async () => {
  const small = new Country(seededRandom(7));
  small.add(FULL);
  await placeAll(small);
  assert.deepEqual([...small.sizes()], [["", FULL]]);
  const one = new Country(seededRandom(7));
  one.add(20);
  await placeAll(one);
  const found = await one.find(200);
  assert.deepEqual([found.reads, found.providers.length, found.depth, found.estimatedNodes], [1, 20, 0, 20]);
  const misled = await one.find(200, 15);
  assert.deepEqual([misled.reads, misled.providers.length], [5, 20]);
});

test("nodes go down to the first shard with room, and none holds more than its measure", async () => {
  const large = new Country(seededRandom(7));
  large.add(4_000);
  await placeAll(large);
  const sizes = large.sizes();
  assert.ok(Math.max(...sizes.values()) <= FULL);
  for (const prefix of sizes.keys()) {
    if (prefix !== "") assert.equal(sizes.get(prefix.slice(0, -1)), FULL, `${prefix} stands below one that has room`);
  }
  for (const { id, standing } of large.members) {
    assert.ok(indexPath(id).startsWith(standing?.prefix ?? "nowhere"));
    assert.deepEqual(
      large.index.named(indexKey(country, standing?.prefix ?? "")).some(({ peerId }) => peerId === id),
      true,
    );
  }
});

test("a search has what it wants after few reads, from where most nodes stand, and says how many there are", async () => {
  const large = new Country(seededRandom(7));
  large.add(4_000);
  await placeAll(large);
  const cold = await large.find(200);
  assert.ok(cold.providers.length >= 200);
  assert.ok(cold.reads <= 14, `${cold.reads} reads`);
  assert.ok(cold.estimatedNodes > 2_000 && cold.estimatedNodes < 8_000, `${cold.estimatedNodes}`);
  const warm = await large.find(200, cold.depth);
  assert.ok(warm.reads <= 9, `${warm.reads} reads`);
  const top = new Set(large.index.named(indexKey(country, "")).map(({ peerId }) => peerId));
  assert.equal(
    cold.providers.slice(0, 100).some(({ peerId }) => top.has(peerId)),
    false,
  );
});

test("a hint that is too deep or too shallow costs reads, and no finds", async () => {
  const large = new Country(seededRandom(7));
  large.add(1_000);
  await placeAll(large);
  for (const startDepth of [0, 3, 9, 20]) {
    const { providers, reads } = await large.find(100, startDepth);
    assert.ok(providers.length >= 100 && reads <= DISCOVERY_LIMITS.indexReads.value, `${startDepth}: ${reads}`);
  }
  const [late] = large.add(1);
  assert.ok(late !== undefined);
  const fromBelow = (await large.place(late, 12)).prefix;
  late.standing = undefined;
  assert.equal((await large.place(late)).prefix, fromBelow);
});

test("when many come at once, all stand in a shard of the right size after a few reviews", async () => {
  const rush = new Country(seededRandom(7), { delayMs: 1, keyPeers: 96, validMs: 1e9 });
  rush.add(2_000);
  await placeAll(rush);
  assert.equal(rush.sizes().get(""), 2_000);
  for (let round = 0; round < 4; round += 1) {
    for (const member of rush.members) {
      rush.index.nowMs += 1;
      await rush.place(member);
    }
  }
  const worst = Math.max(...rush.sizes().values());
  assert.ok(worst <= DISCOVERY_LIMITS.indexOverfullPeers.value, `${worst} in one shard`);
  // The names of those that left are still there, and must not drive out the rest.
  assert.ok((rush.sizes().get("") ?? 0) >= DISCOVERY_LIMITS.indexSparsePeers.value / 2);
});

test("a node looks again soon after a move and in an over-full shard, and after about an hour elsewhere", async () => {
  const { indexConfirmMs, indexReviewMs } = DISCOVERY_LIMITS;
  const crowded = new Country(seededRandom(7), { delayMs: 1, validMs: 1e9 });
  crowded.add(90);
  await placeAll(crowded);
  crowded.index.nowMs = 1;
  let stayed = 0;
  for (const member of crowded.members) {
    const { prefix, reviewInMs } = await crowded.place(member);
    if (prefix === "") stayed += 1;
    assert.ok(reviewInMs <= indexConfirmMs.value);
  }
  assert.ok(stayed > 0);
  const roomy = new Country(seededRandom(7));
  const [member] = roomy.add(1);
  assert.ok(member !== undefined && (await roomy.place(member)).reviewInMs <= indexConfirmMs.value);
  assert.ok((await roomy.place(member)).reviewInMs > indexReviewMs.value / 2);
});

test("nodes climb when those above them leave, so that a search goes on finding all", async () => {
  const large = new Country(seededRandom(7));
  large.add(2_000);
  await placeAll(large);
  large.leave(large.members.filter(({ standing }) => (standing?.prefix.length ?? 0) < 4));
  const left = large.members.length;
  assert.equal((await large.find(200)).providers.length, 0);
  for (let round = 0; round < 12; round += 1) await placeAll(large);
  assert.equal(large.members.length, left);
  assert.ok((large.sizes().get("") ?? 0) >= DISCOVERY_LIMITS.indexSparsePeers.value);
  assert.ok((await large.find(200)).providers.length >= 200);
});

test("a crowd in few networks does not push others out of a shard", async () => {
  const crowded = new Country(seededRandom(7), { keyPeers: 96 });
  const crowd = crowded.add(2_000, (at) => `66.${at % 4}.0.1`);
  await placeAll(crowded);
  const others = crowded.add(40);
  await placeAll(crowded, others);
  const { providers } = await crowded.find(40);
  const hostile = new Set(crowd.map(({ id }) => id));
  for (const { standing } of others) assert.equal(standing?.prefix, "");
  assert.equal(providers.filter(({ peerId }) => !hostile.has(peerId)).length, 40);
});

test("what was named and got lost is named again; what stands is not", async () => {
  const small = new Country(seededRandom(7));
  const [member] = small.add(3);
  assert.ok(member !== undefined);
  await placeAll(small);
  const key = indexKey(country, "");
  small.index.leave(key, member.id);
  assert.equal(small.index.named(key).length, 2);
  await small.place(member);
  assert.equal(small.index.named(key).length, 3);
});

test("a node that moves to another country leaves the index of the first", async () => {
  const index = new MemoryIndex();
  const peerId = "mover" as PeerId;
  const overlay = index.overlayOf(peerId);
  const options = { peerId, random: seededRandom(1), networkOf: networkOfProvider };
  const first = await provideInIndex(overlay, { ...options, country: "de" });
  await provideInIndex(overlay, { ...options, country: "fr", standing: first });
  assert.deepEqual([index.named(indexKey("de", "")).length, index.named(indexKey("fr", "")).length], [0, 1]);
});

test("a search that is called back throws the reason", async () => {
  const overlay = new MemoryIndex().overlayOf("searcher" as PeerId);
  const signal = AbortSignal.abort(new Error("enough"));
  const options = { country, random: seededRandom(1), networkOf: networkOfProvider, want: 1, signal };
  await assert.rejects(findInIndex(overlay, options), /enough/);
});
