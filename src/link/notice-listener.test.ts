import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import { connect } from "node:net";
import { test } from "node:test";
import { closeOf } from "../../test/support/collect.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { RefusalCounts } from "../rate/refusal-counts.ts";
import { NoticeListener } from "./notice-listener.ts";

const FACTS = { roles: ["exit"], contact: "abuse@example.org" };
const HERE = { host: "127.0.0.1", port: 0 };

test("a second address tells the same, within its own bounds, until it is stopped", async (t) => {
  const clock = new FakeClock();
  const refusals = new RefusalCounts();
  const listener = new NoticeListener(
    { clock, refusals },
    {
      listen: HERE,
      facts: FACTS,
      bounds: { open: 4, networkOpen: 4, perSecond: 1, networkPerSecond: 1, networkBurst: 2 },
    },
  );
  t.after(() => listener.stop());
  const address = await listener.start();
  const [response] = await once(http.get({ ...address, headers: { host: "example.org" } }), "response");
  assert.equal(response.statusCode, 200);
  assert.match(
    String(Buffer.concat(await response.toArray())),
    /other people made the requests[\s\S]*abuse@example\.org/,
  );
  await closeOf(connect(address).resume());
  assert.deepEqual(refusals.counts, { notices: 1 });
  clock.advance(1_000);
  const waiting = connect(address);
  await once(waiting, "connect");
  const closed = closeOf(waiting.resume());
  await Promise.all([listener.stop(), closed]);
  await listener.stop();
  assert.equal(clock.pending, 0);
  const [refused] = await once(connect(address), "error");
  assert.equal(refused.code, "ECONNREFUSED");
});

test("an address that is taken, or is not of this machine, is said to be so", async (t) => {
  const first = new NoticeListener({ clock: new FakeClock() }, { listen: HERE, facts: FACTS });
  t.after(() => first.stop());
  const taken = await first.start();
  for (const [listen, code] of [
    [taken, "ERR_LISTEN_IN_USE"],
    [{ host: "192.0.2.1", port: 0 }, "ERR_LISTEN_ADDRESS"],
  ] as const) {
    const second = new NoticeListener({ clock: new FakeClock() }, { listen, facts: FACTS });
    await assert.rejects(second.start(), { code });
    await second.stop();
  }
});
