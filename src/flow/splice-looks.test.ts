import assert from "node:assert/strict";
import { duplexPair } from "node:stream";
import { test } from "node:test";
import { BywayError } from "../core/errors.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { silentLogger } from "../core/logger.ts";
import { ByteBudget } from "./byte-budget.ts";
import type { FirstBytes } from "./first-bytes.ts";
import { FLOW_LIMITS } from "./limits.ts";
import { splice } from "./splice.ts";

const HOLD_MS = FLOW_LIMITS.firstBytesHoldMs.value;
const REFUSAL = new BywayError("ERR_POLICY_PROTOCOL", "not here");

/** Lets all that is under way arrive. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
}

/** App and target with a splice between them that looks. */
function between(look: (seen: string) => ReturnType<FirstBytes["look"]>, rest: Partial<FirstBytes> = {}) {
  const clock = new FakeClock();
  const [app, innerApp] = duplexPair();
  const [target, innerTarget] = duplexPair();
  for (const end of [app, target]) end.on("error", () => {});
  app.resume();
  let heard = "";
  target.on("data", (chunk: Buffer) => {
    heard += String(chunk);
  });
  const shown: string[] = [];
  const firstBytes: FirstBytes = {
    look(seen) {
      shown.push(String(seen));
      return look(String(seen));
    },
  };
  // As they are: some are asked for each time.
  Object.defineProperties(firstBytes, Object.getOwnPropertyDescriptors(rest));
  const budget = new ByteBudget({ clock, logger: silentLogger });
  const done = splice({ clock, budget, firstBytes }, innerApp, innerTarget);
  const say = async (text: string): Promise<string> => {
    app.write(text);
    await settle();
    return heard;
  };
  return { app, target, clock, shown, done, say, heard: () => heard };
}

test("what is open passes at once, and is shown again with what follows", async () => {
  const { say, shown, done, app, target, heard } = between((seen) => {
    if (seen === "abcd") throw REFUSAL;
    return "open";
  });
  assert.equal(await say("a"), "a");
  assert.equal(await say("bc"), "abc");
  await say("d");
  assert.equal(await done, REFUSAL);
  assert.deepEqual([heard(), shown], ["abc", ["a", "abc", "abcd"]]);
  app.destroy();
  target.destroy();
});

test("what cannot be judged is held for a second, and judged all the same with what follows", async () => {
  const { say, shown, done, clock, heard } = between((seen) => {
    if (seen.endsWith("!")) throw REFUSAL;
    return "more";
  });
  assert.equal(await say("a"), "");
  clock.advance(HOLD_MS - 1);
  assert.equal(await say("b"), "");
  clock.advance(1);
  await settle();
  assert.equal(heard(), "ab");
  assert.equal(await say("c"), "ab", "the time begins anew");
  clock.advance(HOLD_MS);
  await settle();
  assert.equal(heard(), "abc");
  await say("d!");
  assert.equal(await done, REFUSAL);
  assert.deepEqual([heard(), shown], ["abc", ["a", "ab", "abc", "abcd!"]]);
  clock.advance(FLOW_LIMITS.budgetPeriodMs.value);
  assert.equal(clock.pending, 0);
});

test("what was held passes once, in its order, when it is let go after its time", async () => {
  const { say, done, app, target, clock, heard } = between((seen) => (seen.length < 4 ? "more" : "pass"));
  await say("ab");
  clock.advance(HOLD_MS);
  await settle();
  await say("c");
  assert.equal(await say("def"), "abcdef");
  assert.equal(await say("g"), "abcdefg");
  app.end();
  target.end();
  assert.equal(await done, undefined);
  assert.equal(heard(), "abcdefg");
  clock.advance(FLOW_LIMITS.budgetPeriodMs.value);
  assert.equal(clock.pending, 0);
});

test("messages are looked at one by one, and what is done with is not shown again", async () => {
  // A message ends with a full stop, and a refused one with an exclamation mark.
  let nextAt: number | undefined;
  const rest: Partial<FirstBytes> = {
    get nextAt() {
      return nextAt;
    },
  };
  const { say, shown, done, heard } = between((seen) => {
    if (seen.includes("!")) throw REFUSAL;
    nextAt = seen.indexOf(".") + 1;
    return nextAt === 0 ? "more" : "pass";
  }, rest);
  assert.equal(await say("ab."), "ab.");
  assert.equal(await say("c"), "ab.");
  assert.equal(await say("d.e.f"), "ab.cd.e.");
  assert.equal(await say("g.h."), "ab.cd.e.fg.h.");
  await say("i.j!");
  assert.equal(await done, REFUSAL);
  assert.equal(heard(), "ab.cd.e.fg.h.");
  assert.deepEqual(shown, ["ab.", "c", "cd.e.f", "e.f", "f", "fg.h.", "h.", "i.j!"]);
});

test("an end is judged as well", async () => {
  const ends: string[] = [];
  const { say, done, app, heard } = between(() => "more", {
    end(seen) {
      ends.push(String(seen));
      throw REFUSAL;
    },
  });
  await say("ab");
  app.end("c");
  assert.equal(await done, REFUSAL);
  assert.deepEqual([ends, heard()], [["abc"], ""]);
});
