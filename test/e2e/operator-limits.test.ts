import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { after, before, suite, type TestContext, test } from "node:test";
import { CIRCUIT_LIMITS } from "../../src/circuit/limits.ts";
import { type Clock, systemClock } from "../../src/core/clock.ts";
import { formatHostPort, type HostPort } from "../../src/core/network-address.ts";
import type { StreamLimitOptions } from "../../src/egress/stream-limits.ts";
import { startOperatedExit } from "../support/operated-exit.ts";
import { type Origin, startOrigin } from "../support/origin.ts";
import { startTcpTarget } from "../support/proxy-fixture.ts";
import { withoutPrograms } from "../support/run-program.ts";

/** Nothing is forgiven while a slow machine takes its time. */
const STANDING_CLOCK: Clock = {
  nowMs: () => systemClock.nowMs(),
  monotonicMs: () => 0,
  after: (ms, run) => systemClock.after(ms, run),
  every: (ms, run) => systemClock.every(ms, run),
};
const TOO_MANY =
  /^HTTP\/1\.1 429 [\s\S]*^proxy-status: byway; error=connection_limit_reached; details="the exit says: \\"the (?:node|link) has 2 streams [\s\S]*^retry-after: [1-9]/im;

suite("what a user of curl meets at an exit's limits", { skip: withoutPrograms("curl") }, () => {
  const cleanup = new AsyncDisposableStack();
  let origin: Origin;
  let silent: HostPort;
  const ports: HostPort[] = [];

  before(async () => {
    origin = cleanup.use(await startOrigin());
    silent = cleanup.use(await startTcpTarget(() => {})).address;
    for (let count = 0; count < 6; count += 1) {
      const server = await startTcpTarget((socket) => socket.end("HTTP/1.0 204 No Content\r\n\r\n"));
      ports.push(cleanup.use(server).address);
    }
  });
  after(() => cleanup.disposeAsync());

  const start = (t: TestContext, streamLimits: StreamLimitOptions, clock = STANDING_CLOCK) =>
    startOperatedExit(t, { allowTargets: [origin.http, silent, ...ports], streamLimits, clock });
  const seen = (at = origin.http): string => `http://${formatHostPort(at)}/seen`;

  /** A CONNECT that stands, as a program that says nothing holds it. */
  const stand = async (t: TestContext, proxy: HostPort): Promise<void> => {
    const app = connect(proxy).on("error", () => {});
    t.after(() => app.destroy());
    const authority = formatHostPort(silent);
    app.write(`CONNECT ${authority} HTTP/1.1\r\nhost: ${authority}\r\n\r\n`);
    const [answer] = await once(app, "data");
    assert.match(String(answer), /^HTTP\/1.1 200/);
  };

  for (const [by, streamLimits] of [
    ["streams per second", { streamsPerSecond: 1 }],
    ["streams per second of a link", { linkStreamsPerSecond: 1 }],
    ["streams per second of a target", { targetStreamsPerSecond: 1 }],
  ] as readonly (readonly [string, StreamLimitOptions])[]) {
    test(`${by}: the first passes, and what follows at once waits for its turn`, async (t) => {
      // For the node a second passes with each refusal.
      let seconds = 0;
      let count: (() => number) | undefined;
      const clock: Clock = {
        ...STANDING_CLOCK,
        monotonicMs() {
          const counting = count;
          // Counting asks the clock itself.
          count = undefined;
          seconds = counting?.() ?? seconds;
          count = counting;
          return seconds * 1_000;
        },
      };
      const { statuses, refused, node } = await start(t, streamLimits, clock);
      count = () => refused(by);
      assert.equal(await statuses(seen(), seen()), "200 200", JSON.stringify(node.operations.status().refusals));
      assert.equal(refused(by), 1);
    });
  }

  for (const [by, streamLimits, url] of [
    ["open streams", { maxStreams: 2 }, () => seen()],
    ["open streams of a link", { linkStreams: 2 }, () => seen()],
    ["open streams of a target", { targetStreams: 2 }, () => seen(silent)],
  ] as readonly (readonly [string, StreamLimitOptions, () => string])[]) {
    test(`${by}: one more than there may be`, async (t) => {
      const { ask, proxy, refused } = await start(t, streamLimits);
      await stand(t, proxy);
      await stand(t, proxy);
      assert.match(await ask("-i", "-p", url()), TOO_MANY);
      assert.equal(refused(by), 1);
    });
  }

  test("targets per minute of a link: a scan of ports ends, and what was met before stays open", async (t) => {
    const by = "targets per minute of a link";
    const { statuses, refused, node } = await start(t, { linkTargetsPerMinute: 3 });
    const scanned = await statuses(...ports.map((port) => seen(port)));
    assert.equal(scanned, "200 200 200 429 429 429");
    assert.equal(refused(by), 3, JSON.stringify(node.operations.status().refusals));
    assert.equal(await statuses(seen(ports[0])), "200");
  });

  test("outside its hours a node says when they begin, and serves nobody", async (t) => {
    const hour = (from: number): string => `${String((new Date().getHours() + from) % 24).padStart(2, "0")}:30`;
    const operation = { hours: [`${hour(3)}-${hour(4)}`] };
    const { ask, refused } = await startOperatedExit(t, { allowTargets: [origin.http], operation });
    const answer = await ask("-i", "-p", seen());
    assert.match(answer, /^HTTP\/1\.1 503 /);
    assert.match(
      answer,
      /^proxy-status: byway; .*details="the exit says: \\"the node does not serve at this hour\\""/im,
    );
    const wait = Number(/^retry-after: (\d+)\r$/im.exec(answer)?.[1]);
    // The node says in some hours; the client waits a time of its own, and no longer than its bound.
    const most = CIRCUIT_LIMITS.longestRestMs.value / 1_000;
    assert.ok(wait > most / 3 && wait <= most, answer);
    assert.equal(refused("hours"), 1);
  });

  test("a lone exit that declines a plain request is asked once for it", async (t) => {
    const { ask, refused } = await startOperatedExit(t, { policy: ["reject 1.1.1.1:*", "accept *:*"] });
    assert.match(await ask("-i", "http://1.1.1.1:8000/"), /^HTTP\/1\.1 403 [\s\S]*ERR_POLICY_TARGET/);
    assert.equal(refused("rule 1"), 1);
  });
});
