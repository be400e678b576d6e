import assert from "node:assert/strict";
import { constants } from "node:os";
import { test } from "node:test";
import { RecordingLogger } from "../../test/support/recording-logger.ts";
import { DescriptorWatch, hasDescriptors, isOutOfDescriptors } from "./descriptors.ts";
import { BywayError } from "./errors.ts";
import { FakeClock } from "./fake-clock.ts";
import { CORE_LIMITS } from "./limits.ts";

const LOOK_MS = CORE_LIMITS.descriptorLookMs.value;
const TELL_MS = CORE_LIMITS.descriptorTellMs.value;

test("a process that has no descriptor left is noticed, warned of once in a while, and forgotten", async () => {
  const clock = new FakeClock();
  const logger = new RecordingLogger();
  let isLeft = true;
  let looks: Promise<boolean> = Promise.resolve(true);
  const probe = (): Promise<boolean> => {
    looks = Promise.resolve(isLeft);
    return looks;
  };
  const watch = new DescriptorWatch({ clock, logger, probe });
  watch.start();
  const look = async (ms = LOOK_MS): Promise<void> => {
    clock.advance(ms);
    await looks;
    await Promise.resolve();
  };
  await look();
  assert.equal(watch.wasOut, false);
  isLeft = false;
  for (let n = 0; n < 5; n += 1) await look();
  assert.equal(watch.wasOut, true);
  assert.equal(logger.lines.length, 1);
  assert.match(logger.lines[0] ?? "", /^warn .*no file descriptor left.*LimitNOFILE/);
  isLeft = true;
  await look();
  await look(TELL_MS);
  assert.equal(watch.wasOut, false);
  isLeft = false;
  await look();
  assert.equal(logger.lines.length, 2);
  await watch.stop();
  assert.equal(clock.pending, 0);
});

test("what cannot be opened for want of descriptors is told from all else, however deep the cause lies", () => {
  const system = Object.assign(new Error("x"), { code: "EMFILE" });
  assert.ok(isOutOfDescriptors(system));
  assert.ok(isOutOfDescriptors({ code: "ERR_SYSTEM_ERROR", errno: constants.errno.EMFILE }));
  assert.ok(
    isOutOfDescriptors(new BywayError("ERR_DATA_DIRECTORY", "x", { cause: new Error("y", { cause: system }) })),
  );
  for (const other of [undefined, null, "EMFILE", new Error("EMFILE"), { code: "ENOENT" }]) {
    assert.ok(!isOutOfDescriptors(other));
  }
  assert.ok(hasDescriptors(3));
});
