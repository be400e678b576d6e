import assert from "node:assert/strict";
import { test } from "node:test";
import { meetRawHop } from "../../test/support/raw-hop.ts";
import { settings } from "../../test/support/raw-http2.ts";
import { LINK_LIMITS } from "./limits.ts";

const MAX_CONCURRENT_STREAMS = 3;
const ENABLE_CONNECT_PROTOCOL = 8;

for (const [said, room] of [
  // A stream whose failure tells: with no room at all a circuit would be sought again and again.
  [0, 1],
  [7, 7],
  [4_294_967_295, LINK_LIMITS.streamsPerLink.value],
] as const) {
  test(`a hop that says it takes ${said} streams at once has room for ${room}`, { timeout: 10_000 }, async (t) => {
    const own = settings([ENABLE_CONNECT_PROTOCOL, 1], [MAX_CONCURRENT_STREAMS, said]);
    const { link } = await meetRawHop(t, { own });
    await link.ready();
    assert.equal(link.room, room);
  });
}
