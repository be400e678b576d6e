import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../core/fake-clock.ts";
import { generateIdentity } from "../../identity/identity.ts";
import { ChainKeeper } from "./chain-keeper.ts";
import { ACCOUNTABILITY_LIMITS } from "./limits.ts";

/** A keeper whose head records fail with `trouble.code` while that is set, and what it has written. */
function keeperInTrouble() {
  const { peerId, privateKey } = generateIdentity();
  const clock = new FakeClock();
  const trouble: { code: string | undefined } = { code: undefined };
  const written: number[] = [];
  const keeper = new ChainKeeper(
    {
      clock,
      writeHead: async (_directory, head) => {
        if (trouble.code !== undefined) throw Object.assign(new Error(trouble.code), { code: trouble.code });
        written.push(head.newest.seq);
      },
    },
    { directory: "never-read", days: 30, maxBytes: 1e6, fileBytes: 1e5, peerId, privateKey },
  );
  keeper.begin("absent", { oldest: 1, timeMs: undefined });
  const note = (seq: number, isDue = false) => keeper.note(1, { seq, hash: "00", timeMs: clock.nowMs() }, isDue);
  return { clock, trouble, written, note };
}

const { headMs, headPutOffMs } = ACCOUNTABILITY_LIMITS;

test("a head record for which no file can be opened is put off, and written once one can", async () => {
  const { clock, trouble, written, note } = keeperInTrouble();
  await note(1);
  for (const code of ["EMFILE", "ENFILE"]) {
    trouble.code = code;
    clock.advance(headMs.value);
    await note(2);
  }
  trouble.code = undefined;
  await note(3);
  assert.deepEqual(written, [1, 3]);
});

test("a head record is put off for a minute at the most, and never where it must be there", async () => {
  const { clock, trouble, written, note } = keeperInTrouble();
  trouble.code = "EMFILE";
  await assert.rejects(note(1), { code: "EMFILE" });
  trouble.code = undefined;
  await note(1);
  trouble.code = "EMFILE";
  await assert.rejects(note(2, true), { code: "EMFILE" });
  clock.advance(headPutOffMs.value - 1);
  await note(3);
  clock.advance(1);
  await assert.rejects(note(4), { code: "EMFILE" });
  assert.deepEqual(written, [1]);
});

test("a disk that cannot be written to is no lack of descriptors", async () => {
  const { clock, trouble, note } = keeperInTrouble();
  await note(1);
  trouble.code = "ENOSPC";
  clock.advance(headMs.value);
  await assert.rejects(note(2), { code: "ENOSPC" });
});
