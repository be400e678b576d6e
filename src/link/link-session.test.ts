import assert from "node:assert/strict";
import { test } from "node:test";
import { serveLink } from "../../test/support/link-bench.ts";
import { until } from "../../test/support/proxy-fixture.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { LinePace } from "../flow/line-pace.ts";
import { LinkSession } from "./link-session.ts";
import { MemoryTransport } from "./memory-transport.ts";

const CONNECT = { ":method": "CONNECT", ":authority": "a.example:443" };

test("all requests of a link carry one session, which closes with the link, after its streams", {
  timeout: 20_000,
}, async () => {
  const sessions: LinkSession[] = [];
  const order: string[] = [];
  await using served = await serveLink(new MemoryTransport(), {
    connectTarget: async (incoming) => {
      incoming.signal.addEventListener("abort", () => order.push("stream"));
      if (sessions.length === 0) incoming.link.closed.addEventListener("abort", () => order.push("link"));
      sessions.push(incoming.link);
      incoming.accept();
    },
  });
  const [link, other] = [await served.open(), await served.open()];
  for (const one of [link, link, other]) await one.open({ headers: CONNECT, toward: "target" }).accepted;
  const [first, again, second] = sessions;
  assert.ok(first !== undefined && first === again && second !== undefined);
  assert.notEqual(first, second);
  assert.notEqual(first.id, second.id);
  first.meter.up.add(3);
  second.meter.down.add(4);
  assert.deepEqual([served.server.meter.up.bytes, served.server.meter.down.bytes], [3, 4]);
  assert.equal(first.closed.aborted, false);
  link.destroy();
  await until(() => first.closed.aborted);
  assert.deepEqual(order, ["stream", "stream", "link"]);
  assert.equal(second.closed.aborted, false);
  other.destroy();
});

test("a link that is over says so to whoever asks later", () => {
  const session = new LinkSession(1, "192.0.2.1");
  session.end();
  session.end();
  assert.equal(session.closed.aborted, true);
});

test("a pace is made when it is first asked for, once", () => {
  const line = new LinePace({ clock: new FakeClock() }, { linkBytesPerSecond: 1_000 });
  let made = 0;
  const openPace = () => {
    made += 1;
    return line.openLink();
  };
  const session = new LinkSession(1, "", { openPace });
  assert.equal(made, 0);
  assert.equal(session.pace, session.pace);
  assert.equal(made, 1);
  assert.equal(new LinkSession(2, "").pace, undefined);
});
