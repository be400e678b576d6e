import assert from "node:assert/strict";
import { Duplex } from "node:stream";
import { test } from "node:test";
import { FakeClock } from "../core/fake-clock.ts";
import { RefusalCounts } from "../rate/refusal-counts.ts";
import { LinkPlaces } from "./link-places.ts";
import { ServedConnections } from "./served-connections.ts";

/** Connections of a server with three places, and which links it closed. */
function setUp() {
  const refusals = new RefusalCounts();
  const places = new LinkPlaces({ most: 3, mostPerCrowd: 3, mostPerNetwork: 3 });
  const served = new ServedConnections({ clock: new FakeClock(), places, refusals });
  const closed: Duplex[] = [];
  const come = (remoteAddress: string): Duplex =>
    Object.assign(new Duplex({ read: () => {}, write: () => {} }), { remoteAddress });
  const open = (raw: Duplex): ((isInUse: boolean) => void) => served.opened(raw, () => void closed.push(raw));
  return { refusals, places, served, closed, come, open };
}

test("a connection in its handshake and a link with streams keep their places, and the newcomer gets an idle one", () => {
  const { refusals, places, served, closed, come, open } = setUp();
  const [shaking, busy, idle] = ["192.0.2.1", "192.0.2.2", "192.0.2.3"].map(come);
  assert.ok(shaking !== undefined && busy !== undefined && idle !== undefined);
  for (const raw of [shaking, busy, idle]) assert.ok(served.add(raw));
  open(busy)(true);
  open(idle);
  assert.ok(served.add(come("198.51.100.1")));
  assert.deepEqual([closed, places.taken, refusals.counts], [[idle], 3, { "idle links": 1 }]);
  assert.ok(!served.add(come("203.0.113.1")));
  assert.deepEqual([closed, places.taken], [[idle], 3]);
});

test("who asks a link in use, or one that is not open, to give way gets nothing", () => {
  const { places, served, closed, come, open } = setUp();
  const [shaking, busy] = ["192.0.2.1", "192.0.2.2"].map(come);
  assert.ok(shaking !== undefined && busy !== undefined);
  for (const raw of [shaking, busy]) assert.ok(served.add(raw));
  const use = open(busy);
  use(true);
  assert.deepEqual(
    [served.giveWay(shaking), served.giveWay(busy), served.giveWay(come("192.0.2.9"))],
    [false, false, false],
  );
  assert.deepEqual([closed, places.taken, served.idleSinceMs(busy)], [[], 2, undefined]);
  use(false);
  assert.equal(served.giveWay(busy), true);
  assert.deepEqual([closed, places.taken], [[busy], 1]);
});
