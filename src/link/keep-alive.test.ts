import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { Http2Session } from "node:http2";
import { test } from "node:test";
import { FakeClock } from "../core/fake-clock.ts";
import { KeepAlive } from "./keep-alive.ts";
import { LINK_LIMITS } from "./limits.ts";

/** The far side of the interface: a session that answers pings or does not. */
class FakeSession extends EventEmitter {
  destroyed = false;
  answers = true;
  pings = 0;

  ping(callback: (error: Error | null, durationMs: number) => void): boolean {
    this.pings += 1;
    if (this.answers) callback(null, 7);
    return true;
  }
}

function watched(streams: number) {
  const clock = new FakeClock();
  const session = new FakeSession();
  const told: string[] = [];
  const arrived = { bytes: 0 };
  const keepAlive = new KeepAlive({ clock }, session as unknown as Http2Session, {
    onDead: () => told.push("dead"),
    onIdle: () => told.push("idle"),
    streams: () => streams,
    bytesReceived: () => arrived.bytes,
  });
  return { clock, session, told, arrived, keepAlive };
}

const period = LINK_LIMITS.pingPeriodMs.value;

test("two unanswered pings mean that the link is dead", () => {
  const { clock, session, told } = watched(1);
  session.answers = false;
  clock.advance(period * 2);
  assert.deepEqual([session.pings, told], [2, []]);
  clock.advance(period);
  assert.deepEqual(told, ["dead"]);
});

test("a link on which bytes arrive is alive although its pings stay unanswered, until they cease", () => {
  const { clock, session, told, arrived } = watched(1);
  session.answers = false;
  for (let round = 0; round < 10; round += 1) {
    arrived.bytes += 1;
    clock.advance(period);
  }
  assert.deepEqual(told, []);
  clock.advance(2 * period);
  assert.deepEqual(told, ["dead"]);
});

test("answered pings keep a link with streams for as long as it is used", async () => {
  const { clock, told, keepAlive } = watched(1);
  for (let round = 0; round < 100; round += 1) {
    clock.advance(period);
    await Promise.resolve();
  }
  assert.deepEqual(told, []);
  assert.equal(keepAlive.roundTripMs, 7);
});

test("a link without streams is idle after its time", async () => {
  const { clock, told } = watched(0);
  for (let elapsed = 0; elapsed < LINK_LIMITS.idleMs.value; elapsed += period) {
    clock.advance(period);
    await Promise.resolve();
  }
  assert.deepEqual(told, ["idle"]);
});

test("no timer outlives the session", () => {
  const { clock, session } = watched(0);
  session.emit("close");
  assert.equal(clock.pending, 0);
});

test("a link may be idle for as long as is said at the time", async () => {
  const clock = new FakeClock();
  const session = new FakeSession();
  let idleMs = 4 * period;
  let idle = 0;
  new KeepAlive({ clock }, session as unknown as Http2Session, {
    onDead: () => assert.fail("answered pings"),
    onIdle: () => (idle += 1),
    streams: () => 0,
    bytesReceived: () => 0,
    idleMs: () => idleMs,
  });
  for (let n = 0; n < 2; n += 1) {
    clock.advance(period);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(idle, 0);
  idleMs = 2 * period;
  clock.advance(period);
  assert.equal(idle, 1);
});
