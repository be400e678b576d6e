import assert from "node:assert/strict";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { suite, type TestContext, test } from "node:test";
import { DirectOpener } from "../../test/support/direct-opener.ts";
import { startTcpTarget, until } from "../../test/support/proxy-fixture.ts";
import { roomyBudget } from "../../test/support/roomy-budget.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { INGRESS_LIMITS } from "./limits.ts";
import type { OpenedStream, StreamRequest } from "./stream-opener.ts";
import { type KeepTerms, UpstreamPool } from "./upstream-pool.ts";

const PLAIN: KeepTerms = { hintMs: undefined, isPinned: false };
const FRESH_MS = INGRESS_LIMITS.freshUpstreamMs.value;

/** A pool with one stream that has just served a request. */
async function site(
  t: TestContext,
  moreOf: (clock: FakeClock) => Pick<OpenedStream, "isForOne" | "endsAtMs"> = () => ({}),
) {
  const sockets: Socket[] = [];
  const target = await startTcpTarget((socket) => void sockets.push(socket.resume()));
  t.after(() => target[Symbol.asyncDispose]());
  const clock = new FakeClock();
  const opener = new DirectOpener();
  opener.more = moreOf(clock);
  const pool = new UpstreamPool({ opener, clock, budget: roomyBudget() });
  t.after(() => pool.destroy());
  const request: StreamRequest = { target: target.address, constraints: {}, user: "" };
  const upstream = await pool.open(request, new AbortController().signal);
  const { stream } = upstream;
  t.after(() => void stream.destroy());
  const keep = (terms: KeepTerms = PLAIN): void => pool.keep(upstream, request, terms);
  const take = (isRepeatable = true, asked: StreamRequest = request) => pool.take(asked, { isRepeatable });
  return { clock, pool, request, upstream, stream, sockets, keep, take };
}

suite("a stream that has served a request", () => {
  test("is kept for the next equal one, and for no other", async (t) => {
    const { keep, take, request, stream } = await site(t);
    assert.equal(take(), undefined);
    keep();
    assert.equal(take(true, { ...request, user: "alice" }), undefined);
    assert.equal(take(true, { ...request, constraints: { hops: 3 } }), undefined);
    assert.equal(take(true, { ...request, target: { host: "127.0.0.1", port: 1 } }), undefined);
    const taken = take();
    assert.deepEqual([taken?.stream, taken?.isReused], [stream, true]);
    assert.equal(take(), undefined);
  });

  test("is not kept where the next one is to leave elsewhere", async (t) => {
    const { keep, take } = await site(t, () => ({ isForOne: true }));
    keep();
    assert.equal(take(), undefined);
  });

  test("is kept all the same where a log-in is bound to it, for every request", async (t) => {
    const { keep, take, clock } = await site(t, () => ({ isForOne: true }));
    keep({ hintMs: undefined, isPinned: true });
    clock.advance(INGRESS_LIMITS.idleUpstreamMs.value);
    assert.notEqual(take(false), undefined);
  });

  test("is kept no longer than its session lasts", async (t) => {
    const { keep, clock, stream } = await site(t, (own) => ({ endsAtMs: own.nowMs() + 1_000 }));
    keep();
    clock.advance(999);
    assert.equal(stream.writableEnded, false);
    clock.advance(1);
    assert.equal(stream.writableEnded, true);
  });

  test("is ended where it is not kept, and reset when the target does not end it too", async (t) => {
    const { keep, pool, clock, stream } = await site(t, () => ({ isForOne: true }));
    keep();
    assert.deepEqual([stream.writableEnded, stream.destroyed], [true, false]);
    pool.destroy();
    assert.equal(stream.destroyed, false);
    clock.advance(INGRESS_LIMITS.lingerMs.value);
    assert.equal(stream.destroyed, true);
  });

  test("is not kept where its session ended meanwhile", async (t) => {
    const { keep, take, clock } = await site(t, (own) => ({ endsAtMs: own.nowMs() + 1_000 }));
    clock.advance(1_000);
    keep();
    assert.equal(take(), undefined);
  });

  test("waits as long as the target says, and no longer than usual", async (t) => {
    const { keep, take, clock, stream } = await site(t);
    keep({ hintMs: 4_000, isPinned: false });
    clock.advance(3_999);
    assert.equal(stream.writableEnded, false);
    clock.advance(1);
    assert.equal(stream.writableEnded, true);
    const other = await site(t);
    other.keep({ hintMs: 3_600_000, isPinned: false });
    other.clock.advance(INGRESS_LIMITS.idleUpstreamMs.value);
    assert.equal(other.take(), undefined);
    assert.equal(take(), undefined);
  });

  test("takes a request that must not be repeated only soon after, or within the target's own time", async (t) => {
    const { keep, take, clock } = await site(t);
    keep();
    clock.advance(FRESH_MS);
    assert.equal(take(false), undefined);
    assert.notEqual(take(true), undefined);
    const fresh = await site(t);
    fresh.keep();
    fresh.clock.advance(FRESH_MS - 1);
    assert.notEqual(fresh.take(false), undefined);
    const hinted = await site(t);
    hinted.keep({ hintMs: 4_000, isPinned: false });
    hinted.clock.advance(3_999);
    assert.notEqual(hinted.take(false), undefined);
  });

  for (const [what, act] of [
    ["ends it", (socket: Socket) => socket.end()],
    ["resets it", (socket: Socket) => socket.resetAndDestroy()],
    ["says something unasked", (socket: Socket) => void socket.write("HTTP/1.1 200 OK\r\n\r\n")],
  ] as const) {
    test(`is not used again when the target ${what}`, async (t) => {
      const { keep, take, sockets, stream } = await site(t);
      keep();
      await until(() => sockets.length > 0);
      const [socket] = sockets;
      assert.ok(socket !== undefined);
      act(socket);
      await until(() => stream.writableEnded || stream.destroyed);
      assert.equal(take(), undefined);
    });
  }
});

test("no more streams are kept than may be, and a log-in gives way to nothing", async (t) => {
  const { pool, request } = await site(t);
  const { signal } = new AbortController();
  const most = INGRESS_LIMITS.maxIdleUpstreams.value;
  const keep = async (terms: KeepTerms): Promise<Duplex> => {
    const upstream = await pool.open(request, signal);
    pool.keep(upstream, request, terms);
    return upstream.stream;
  };
  const pinned = await keep({ hintMs: undefined, isPinned: true });
  const first = await keep(PLAIN);
  for (let count = 2; count <= most; count += 1) await keep(PLAIN);
  assert.deepEqual([pinned.writableEnded, first.writableEnded], [false, true]);
  const kept: (Duplex | undefined)[] = [];
  for (let upstream = pool.take(request, { isRepeatable: true }); upstream !== undefined; ) {
    kept.push(upstream.stream);
    upstream = pool.take(request, { isRepeatable: true });
  }
  assert.equal(kept.length, most);
  assert.equal(kept.at(-1), pinned);
  for (const stream of kept) stream?.destroy();
});
