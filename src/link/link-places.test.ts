import assert from "node:assert/strict";
import { test } from "node:test";
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
