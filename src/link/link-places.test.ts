import assert from "node:assert/strict";
import { test } from "node:test";
import { RefusalCounts } from "../core/refusal-counts.ts";
import { LINK_LIMITS } from "./limits.ts";
import { LinkPlaces } from "./link-places.ts";

const { links, linksPerAddress } = LINK_LIMITS;

test("one crowd of addresses takes no more than its part, and gives places back once each", () => {
  const places = new LinkPlaces();
  const held = Array.from({ length: linksPerAddress.value }, (_, n) => places.take(`2001:db8::${n.toString(16)}`));
  assert.ok(held.every((release) => release !== undefined));
  assert.equal(places.take("2001:db8::ffff:1"), undefined);
  assert.notEqual(places.take("2001:db8:0:1::1"), undefined);
  held[0]?.();
  held[0]?.();
  assert.equal(places.taken, linksPerAddress.value);
  assert.notEqual(places.take("2001:db8::ffff:1"), undefined);
  assert.equal(places.take("2001:db8::ffff:1"), undefined);
});

test("all together take no more than there are, also without an address", () => {
  const places = new LinkPlaces();
  assert.equal(places.load, 0);
  const held = Array.from({ length: links.value }, () => places.take(""));
  assert.ok(held.every((release) => release !== undefined));
  assert.equal(places.load, 1);
  assert.equal(places.take(""), undefined);
  assert.equal(places.take("192.0.2.1"), undefined);
  for (const release of held) release?.();
  assert.equal(places.taken, 0);
  assert.equal(places.load, 0);
});

test("one network takes no more than its part, and what refused is counted", () => {
  const refusals = new RefusalCounts();
  const places = new LinkPlaces({ most: 5, mostPerCrowd: 2, mostPerNetwork: 3 }, refusals);
  const held = ["192.0.2.1", "192.0.2.1", "192.0.2.2"].map((address) => places.take(address));
  assert.ok(held.every((release) => release !== undefined));
  assert.equal(places.take("192.0.2.1"), undefined);
  assert.equal(places.take("192.0.2.3"), undefined);
  for (let n = 0; n < 2; n += 1) assert.ok(places.take(`2001:db8::${n}`) !== undefined);
  assert.equal(places.take("198.51.100.1"), undefined);
  held[0]?.();
  assert.ok(places.take("192.0.2.3") !== undefined);
  assert.deepEqual(refusals.counts, { "links of one address": 1, "links of one network": 1, links: 1 });
});
