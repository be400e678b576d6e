import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../src/core/fake-clock.ts";
import { generateIdentity } from "../../src/identity/identity.ts";
import { LINK_LIMITS } from "../../src/link/limits.ts";
import { createNode } from "../../src/node/node.ts";
import { until } from "../support/proxy-fixture.ts";
import { FLAG, FRAME, frame, RawHttp2 } from "../support/raw-http2.ts";

const HOST = "127.203.0.4";
const periodMs = LINK_LIMITS.pingPeriodMs.value;

test("a node keeps a link whose pings stay unanswered while bytes arrive on it, and ends it in silence", async (t) => {
  const clock = new FakeClock();
  const node = await createNode({
    identity: generateIdentity(),
    listen: { host: HOST, port: 0 },
    roles: ["exit"],
    localNetwork: true,
    clock,
  });
  t.after(() => node.stop());
  // It answers no pings; those that it sends are bytes like any others.
  using client = await RawHttp2.connect(node.address);
  const pings = (flags: number): number =>
    client.frames.filter((one) => one.type === FRAME.ping && one.flags === flags).length;
  for (let round = 1; round <= 5; round += 1) {
    clock.advance(periodMs);
    await until(() => client.over || pings(FLAG.none) === round);
    client.send(frame(FRAME.ping, FLAG.none, 0, Buffer.alloc(8)));
    await until(() => client.over || pings(FLAG.ack) === round);
  }
  assert.equal(client.over, false);
  clock.advance(3 * periodMs);
  await until(() => client.over);
});
