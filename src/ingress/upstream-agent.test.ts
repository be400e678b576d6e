import assert from "node:assert/strict";
import type { Duplex } from "node:stream";
import { suite, type TestContext, test } from "node:test";
import { DirectOpener } from "../../test/support/direct-opener.ts";
import { startTcpTarget } from "../../test/support/proxy-fixture.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { INGRESS_LIMITS } from "./limits.ts";
import type { OpenedStream } from "./stream-opener.ts";
import { UpstreamAgent, type UpstreamRequestOptions } from "./upstream-agent.ts";

interface Site {
  readonly clock: FakeClock;
  readonly agent: UpstreamAgent;
  readonly stream: Duplex;
}

/** An agent with one stream that has just served a request. */
async function site(
  t: TestContext,
  moreOf: (clock: FakeClock) => Pick<OpenedStream, "isForOne" | "endsAtMs">,
): Promise<Site> {
  const target = await startTcpTarget((socket) => void socket.resume());
  t.after(() => target[Symbol.asyncDispose]());
  const clock = new FakeClock();
  const opener = new DirectOpener();
  opener.more = moreOf(clock);
  const agent = new UpstreamAgent({ opener, clock });
  t.after(() => agent.destroy());
  const options: UpstreamRequestOptions = {
    streamRequest: { target: target.address, constraints: {}, user: "" },
    opening: new AbortController().signal,
  };
  const stream = await new Promise<Duplex>((resolve, reject) => {
    agent.createConnection(options, (error, opened) => (error === null ? resolve(opened) : reject(error)));
  });
  t.after(() => void stream.destroy());
  return { clock, agent, stream };
}

suite("a stream that has served a request", () => {
  test("is kept for the next one", async (t) => {
    const { agent, stream } = await site(t, () => ({}));
    assert.equal(agent.keepSocketAlive(stream), true);
    assert.equal(stream.destroyed, false);
  });

  test("is not kept where the next one is to leave elsewhere", async (t) => {
    const { agent, stream } = await site(t, () => ({ isForOne: true }));
    assert.equal(agent.keepSocketAlive(stream), false);
  });

  test("is kept no longer than its session lasts", async (t) => {
    const { agent, clock, stream } = await site(t, (own) => ({ endsAtMs: own.nowMs() + 1_000 }));
    assert.equal(agent.keepSocketAlive(stream), true);
    clock.advance(999);
    assert.equal(stream.writableEnded, false);
    clock.advance(1);
    assert.equal(stream.writableEnded, true);
  });

  test("is ended where it is not kept, as Node would destroy it, and reset when the target does not end it too", async (t) => {
    const { agent, clock, stream } = await site(t, () => ({ isForOne: true }));
    assert.equal(agent.keepSocketAlive(stream), false);
    stream.destroy();
    assert.deepEqual([stream.writableEnded, stream.destroyed], [true, false]);
    agent.destroy();
    assert.equal(stream.destroyed, false);
    clock.advance(INGRESS_LIMITS.lingerMs.value);
    assert.equal(stream.destroyed, true);
  });

  test("is not kept where its session ended meanwhile", async (t) => {
    const { agent, clock, stream } = await site(t, (own) => ({ endsAtMs: own.nowMs() + 1_000 }));
    clock.advance(1_000);
    assert.equal(agent.keepSocketAlive(stream), false);
  });
});
