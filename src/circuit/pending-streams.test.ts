import assert from "node:assert/strict";
import { test } from "node:test";
import type { ErrorCode } from "../core/error-table.ts";
import { BywayError } from "../core/errors.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { CIRCUIT_LIMITS } from "./limits.ts";
import { PendingStreams } from "./pending-streams.ts";

const { suspectMs, checkMs, streamMs } = CIRCUIT_LIMITS;

/** The pending streams of an exit whose answers the test decides. */
function bench() {
  const clock = new FakeClock();
  const seen = { pings: 0, dead: 0, bytes: 0 };
  let ping = Promise.withResolvers<void>();
  const pending = new PendingStreams(
    { clock },
    {
      ping: () => {
        seen.pings += 1;
        ping = Promise.withResolvers<void>();
        return ping.promise;
      },
      bytesReceived: () => seen.bytes,
      onDead: () => {
        seen.dead += 1;
      },
    },
  );
  const open = () => {
    const { promise, resolve, reject } = Promise.withResolvers<never>();
    promise.catch(() => {});
    pending.watch({ accepted: promise, cancel: reject });
    return { accepted: promise, accept: resolve as () => void, refuse: reject };
  };
  return { clock, seen, pending, open, answerPing: () => ping.resolve() };
}

/** Lets everything run that waits for a promise only. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("an exit that owes an answer is asked whether it is there, and ends when it says nothing", async () => {
  const { clock, seen, open } = bench();
  open();
  clock.advance(suspectMs.value - 1);
  assert.equal(seen.pings, 0);
  clock.advance(1);
  assert.equal(seen.pings, 1);
  clock.advance(checkMs.value);
  await settle();
  assert.equal(seen.dead, 1);
});

test("an exit that answers has time until the stream's own limit", async () => {
  const { clock, seen, open, answerPing } = bench();
  const { accepted } = open();
  for (let ms = 0; ms < streamMs.value; ms += 1_000) {
    clock.advance(1_000);
    answerPing();
    await settle();
  }
  assert.equal(seen.dead, 0);
  await assert.rejects(accepted, { code: "ERR_HOP_TIMEOUT" });
});

test("bytes that arrive are a sign of life as good as the answer to a ping", async () => {
  const { clock, seen, pending } = bench();
  const checked = pending.check();
  seen.bytes += 1;
  clock.advance(checkMs.value);
  await checked;
  assert.equal(seen.dead, 0);
});

test("no timer is left when nothing is open", async () => {
  const { clock, open } = bench();
  const [a, b] = [open(), open()];
  a.accept();
  await settle();
  assert.equal(clock.pending, 1);
  b.refuse(new BywayError("ERR_TARGET_REFUSED", "nothing listens"));
  await settle();
  assert.equal(clock.pending, 0);
});

test("targets in a row that the exit does not reach are counted until one answers", async () => {
  const { pending, open } = bench();
  const fail = async (code: ErrorCode): Promise<void> => {
    open().refuse(new BywayError(code, "no"));
    await settle();
  };
  await fail("ERR_TARGET_TIMEOUT");
  await fail("ERR_ABORTED");
  await fail("ERR_TARGET_NETWORK");
  assert.equal(pending.silentFailures, 2);
  await fail("ERR_TARGET_REFUSED");
  assert.equal(pending.silentFailures, 0, "a refusal is an answer");
});
