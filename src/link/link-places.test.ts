import assert from "node:assert/strict";
import { test } from "node:test";
import { RefusalCounts } from "../rate/refusal-counts.ts";
import { LINK_LIMITS } from "./limits.ts";
import { type LinkPlace, LinkPlaces, type PlaceBounds } from "./link-places.ts";

const { links, linksPerAddress } = LINK_LIMITS;

/** Places, and who had to give way. Links are named by their address and the number of those from there before. */
function setUp(bounds?: PlaceBounds) {
  const refusals = new RefusalCounts();
  const places = new LinkPlaces(bounds, refusals);
  const gaveWay: string[] = [];
  let next = 0;
  const take = (address: string): LinkPlace | undefined => {
    const name = `${address}#${next++}`;
    const place = places.take(address, () => {
      gaveWay.push(name);
      place?.release();
    });
    return place;
  };
  return { places, refusals, gaveWay, take };
}

test("one crowd of addresses takes no more than its part, and gives places back once each", () => {
  const { places, take } = setUp();
  const held = Array.from({ length: linksPerAddress.value }, (_, n) => take(`2001:db8::${n.toString(16)}`));
  assert.ok(held.every((place) => place !== undefined));
  assert.equal(take("2001:db8::ffff:1"), undefined);
  assert.notEqual(take("2001:db8:0:1::1"), undefined);
  held[0]?.release();
  held[0]?.release();
  assert.equal(places.taken, linksPerAddress.value);
  assert.notEqual(take("2001:db8::ffff:1"), undefined);
  assert.equal(take("2001:db8::ffff:1"), undefined);
});

test("all together take no more than there are, also without an address", () => {
  const { places, take } = setUp();
  assert.equal(places.load, 0);
  const held = Array.from({ length: links.value }, () => take(""));
  assert.ok(held.every((place) => place !== undefined));
  assert.equal(places.load, 1);
  assert.equal(take(""), undefined);
  for (const place of held) place?.use(true);
  assert.equal(take("192.0.2.1"), undefined);
  for (const place of held) place?.release();
  assert.equal(places.taken, 0);
  assert.equal(places.load, 0);
});

test("one network takes no more than its part, and what refused is counted", () => {
  const { refusals, take } = setUp({ most: 5, mostPerCrowd: 2, mostPerNetwork: 3 });
  const held = ["192.0.2.1", "192.0.2.1", "192.0.2.2"].map(take);
  assert.ok(held.every((place) => place !== undefined));
  assert.equal(take("192.0.2.1"), undefined);
  for (const place of held) place?.use(true);
  assert.equal(take("192.0.2.3"), undefined);
  for (let n = 0; n < 2; n += 1) assert.ok(take(`2001:db8::${n}`) !== undefined);
  // Its network would have as many as the other that has idle ones.
  assert.ok(take("198.51.100.1") !== undefined);
  assert.equal(take("198.51.100.2"), undefined);
  held[0]?.release();
  assert.ok(take("192.0.2.3") !== undefined);
  assert.deepEqual(refusals.counts, { "links of one address": 1, "links of one network": 1, links: 1 });
});

test("a full node takes a newcomer from elsewhere in place of the oldest idle link of the largest network", () => {
  const { places, gaveWay, take } = setUp({ most: 6, mostPerCrowd: 6, mostPerNetwork: 6 });
  const [inUse] = ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "198.51.100.1", "198.51.100.2"].map(take);
  inUse?.use(true);
  assert.ok(take("203.0.113.1") !== undefined);
  assert.deepEqual(gaveWay, ["192.0.2.2#1"]);
  assert.ok(take("203.0.113.2") !== undefined);
  assert.deepEqual(gaveWay, ["192.0.2.2#1", "192.0.2.3#2"]);
  // Each network has two: nobody has more than a fair share.
  assert.equal(take("203.0.113.3"), undefined);
  assert.ok(take("2001:db8::1") !== undefined);
  assert.equal(places.taken, 6);
});

test("however often a network knocks, it evicts no more than brings it to what the largest one has left", () => {
  const { places, gaveWay, take } = setUp({ most: 40, mostPerCrowd: 40, mostPerNetwork: 40 });
  for (let n = 0; n < 36; n += 1) assert.ok(take(`192.0.2.${n}`) !== undefined);
  for (let n = 0; n < 4; n += 1) assert.ok(take(`198.51.100.${n}`) !== undefined);
  for (let n = 0; n < 500; n += 1) take(`203.0.113.${n % 250}`);
  assert.equal(gaveWay.length, 18);
  assert.ok(gaveWay.every((name) => name.startsWith("192.0.2.")));
  assert.equal(places.taken, 40);
});

test("one link from each of thousands of networks of one area shuts nobody out", () => {
  for (const area of [(n: number) => `2001:db8:${n.toString(16)}::1`, (n: number) => `10.20.${n}.1`]) {
    const { gaveWay, take } = setUp({ most: 200, mostPerCrowd: 200, mostPerNetwork: 200 });
    for (let n = 0; n < 196; n += 1) assert.ok(take(area(n)) !== undefined);
    const honest = [1, 2, 3, 4].map((n) => `203.0.${n}.1`);
    for (const address of honest) assert.ok(take(address) !== undefined);
    // It may come back as often as it likes: it takes nothing from those who hold less.
    for (let n = 0; n < 250; n += 1) take(area(n));
    assert.deepEqual(gaveWay, []);
    for (let n = 0; n < 50; n += 1) {
      assert.ok(take(`198.51.${n}.1`) !== undefined);
      take(area(n));
    }
    assert.equal(gaveWay.length, 50);
    assert.ok(gaveWay.every((name) => /^(?:2001:db8:|10\.20\.)/.test(name)));
  }
});

test("areas share evenly in the end, and a network that holds most gives before any of them", () => {
  const { gaveWay, take } = setUp({ most: 10, mostPerCrowd: 10, mostPerNetwork: 10 });
  for (let n = 0; n < 6; n += 1) take(`2001:db8:${n}::1`);
  for (let n = 0; n < 4; n += 1) take(`192.0.2.${n}`);
  assert.ok(take("203.0.113.1") !== undefined);
  assert.ok(take("203.0.113.2") !== undefined);
  assert.deepEqual(gaveWay, ["192.0.2.0#6", "192.0.2.1#7"]);
  for (let n = 0; n < 100; n += 1) take(`203.0.${n % 10}.1`);
  const ofArea = gaveWay.filter((name) => name.startsWith("2001:db8:"));
  assert.deepEqual(ofArea, ["2001:db8:0::1#0"]);
  assert.ok(gaveWay.length <= 6, `${gaveWay.length} gave way`);
});

test("a link in use is never asked, and one that is idle again is the youngest", () => {
  const { gaveWay, take } = setUp({ most: 3, mostPerCrowd: 3, mostPerNetwork: 3 });
  const held = ["192.0.2.1", "192.0.2.1", "192.0.2.1"].map(take);
  for (const place of held) place?.use(true);
  assert.equal(take("203.0.113.1"), undefined);
  held[2]?.use(false);
  held[0]?.use(false);
  assert.ok(take("203.0.113.1") !== undefined);
  assert.deepEqual(gaveWay, ["192.0.2.1#2"]);
});

test("within a network that is full, the crowd that holds most gives way to one that holds fewer", () => {
  const { gaveWay, take } = setUp({ most: 100, mostPerCrowd: 3, mostPerNetwork: 4 });
  for (const address of ["192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.2"]) take(address);
  assert.ok(take("192.0.2.3") !== undefined);
  assert.deepEqual(gaveWay, ["192.0.2.1#0"]);
  assert.equal(take("192.0.2.3"), undefined);
  assert.ok(take("198.51.100.1") !== undefined);
});

test("who finds the network full makes no link of others close, since it would get no place all the same", () => {
  const { places, gaveWay, take } = setUp({ most: 9, mostPerCrowd: 2, mostPerNetwork: 2 });
  // Another area has five places in three networks.
  for (const address of ["203.0.1.1", "203.0.1.2", "203.0.2.1", "203.0.2.2", "203.0.3.1"]) take(address);
  for (const address of ["192.0.2.1", "192.0.2.2"]) take(address)?.use(true);
  for (let n = 0; n < 4; n += 1) assert.equal(take("192.0.2.3"), undefined);
  for (const address of ["198.51.100.1", "198.51.101.1"]) take(address);
  for (let n = 0; n < 4; n += 1) assert.equal(take("192.0.2.3"), undefined);
  assert.deepEqual([gaveWay, places.taken], [[], 9]);
});

test("a node full of one network has its crowds share what there is", () => {
  const { gaveWay, take } = setUp({ most: 4, mostPerCrowd: 4, mostPerNetwork: 4 });
  for (let n = 0; n < 3; n += 1) take("192.0.2.1");
  take("198.51.100.1");
  assert.ok(take("192.0.2.2") !== undefined);
  assert.deepEqual(gaveWay, ["192.0.2.1#0"]);
});

test("a link that cannot give way at once keeps its place, and the newcomer gets none yet", () => {
  const places = new LinkPlaces({ most: 2, mostPerCrowd: 2, mostPerNetwork: 2 });
  const asked: number[] = [];
  const held = [0, 1].map((n) => places.take("192.0.2.1", () => void asked.push(n)));
  assert.equal(
    places.take("203.0.113.1", () => {}),
    undefined,
  );
  assert.deepEqual([asked, places.taken], [[0], 2]);
  held[0]?.release();
  assert.ok(places.take("203.0.113.1", () => {}) !== undefined);
});

test("an address gives its own oldest idle place where that is wanted and nobody else has to give one", () => {
  const bounds = { most: 3, mostPerCrowd: 3, mostPerNetwork: 3 };
  const alone = setUp({ ...bounds, addressGives: true });
  const [first] = ["127.0.0.1", "127.0.0.1", "127.0.0.1"].map(alone.take);
  first?.use(true);
  assert.ok(alone.take("127.0.0.1") !== undefined);
  assert.deepEqual(alone.gaveWay, ["127.0.0.1#1"]);
  assert.equal(alone.places.taken, 3);
  const mixed = setUp({ ...bounds, addressGives: true });
  for (const address of ["192.0.2.1", "198.51.100.1", "203.0.113.1"]) mixed.take(address);
  assert.ok(mixed.take("198.51.100.1") !== undefined);
  assert.deepEqual(mixed.gaveWay, ["198.51.100.1#1"]);
  const unfair = setUp({ ...bounds, addressGives: true });
  for (const address of ["192.0.2.1", "198.51.100.1", "198.51.100.1"]) unfair.take(address);
  assert.ok(unfair.take("192.0.2.1") !== undefined);
  assert.deepEqual(unfair.gaveWay, ["192.0.2.1#0"], "another address loses nothing that is its share");
  const links = setUp(bounds);
  for (const address of ["127.0.0.1", "127.0.0.1", "127.0.0.1"]) links.take(address);
  assert.equal(links.take("127.0.0.1"), undefined);
});

test("a network without places is forgotten", () => {
  const { places, take } = setUp();
  const held = ["192.0.2.1", "192.0.2.2", "198.51.100.1", "2001:db8::1"].map(take);
  assert.equal(places.networks, 3);
  for (const place of held) place?.release();
  assert.deepEqual([places.networks, places.taken], [0, 0]);
});
