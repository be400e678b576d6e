import assert from "node:assert/strict";
import { test } from "node:test";
import { LINK_LIMITS } from "../link/limits.ts";
import { HopPlaces } from "./hop-places.ts";
import { RELAY_LIMITS } from "./limits.ts";

test("places to a hop are fewer than the hop takes from one address, so the relay shares them and not the hop", () => {
  assert.ok(RELAY_LIMITS.carriedToHop.value < LINK_LIMITS.linksPerAddress.value);
});

test("networks share the places to a hop, and hops that nobody is carried to are forgotten", () => {
  const places = new HopPlaces(4);
  const evicted: number[] = [];
  const take = (n: number, address: string, hop = "hop"): (() => void) =>
    places.take(hop, address, ({ code }) => {
      assert.equal(code, "ERR_STREAM_LIMIT");
      evicted.push(n);
    });
  const held = [0, 1, 2, 3].map((n) => take(n, "203.0.113.1"));
  assert.throws(() => take(4, "203.0.113.2"), { code: "ERR_STREAM_LIMIT" });
  held.push(take(5, "203.0.113.1", "other"));
  assert.equal(places.hops, 2);
  held.push(take(6, "198.51.100.1"), take(7, "2001:db8::1"));
  assert.deepEqual(evicted, [0, 1]);
  for (const release of [...held, ...held]) release();
  assert.equal(places.hops, 0);
  assert.throws(
    () => {
      for (let n = 0; n < 5; n += 1) take(n, "203.0.113.1");
    },
    { code: "ERR_STREAM_LIMIT" },
  );
});
