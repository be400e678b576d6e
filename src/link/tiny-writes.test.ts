import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../core/fake-clock.ts";
import { LINK_LIMITS } from "./limits.ts";
import { LinkConduct } from "./link-conduct.ts";
import { TinyWrites } from "./tiny-writes.ts";

const { tinyWriteBurst, tinyWritesPerSecond, tinyWriteWaitMs } = LINK_LIMITS;

test("tiny writes go out at once up to a burst, and then in turn at the rate", () => {
  const clock = new FakeClock();
  const writes = new TinyWrites({ clock });
  const out: number[] = [];
  for (let n = 0; n < tinyWriteBurst.value + 100; n += 1) writes.admit(() => out.push(n));
  assert.equal(out.length, tinyWriteBurst.value);
  clock.advance(tinyWriteWaitMs.value);
  const atRate = (tinyWritesPerSecond.value * tinyWriteWaitMs.value) / 1_000;
  assert.equal(out.length, tinyWriteBurst.value + atRate);
  // One that comes while others wait does not go before them.
  writes.admit(() => out.push(-1));
  clock.advance(100);
  assert.deepEqual(out.slice(-3), [tinyWriteBurst.value + 98, tinyWriteBurst.value + 99, -1]);
  assert.equal(clock.pending, 0);
});

test("an app that writes a byte at a time for a minute is never too much for the far end", () => {
  const clock = new FakeClock();
  const told: string[] = [];
  const conduct = new LinkConduct({ clock }, (of) => told.push(of));
  const writes = new TinyWrites({ clock });
  // A thousand streams: each writes again as soon as its write has gone out.
  const again = (): void =>
    writes.admit(() => {
      conduct.sentTiny();
      queued += 1;
    });
  let queued = 1_000;
  for (let ms = 0; ms < 60_000; ms += tinyWriteWaitMs.value) {
    const now = queued;
    queued = 0;
    for (let n = 0; n < now; n += 1) again();
    clock.advance(tinyWriteWaitMs.value);
  }
  assert.deepEqual(told, []);
});
