import assert from "node:assert/strict";
import { test } from "node:test";
import { BywayError } from "../core/errors.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { silentLogger } from "../core/logger.ts";
import { INGRESS_LIMITS } from "./limits.ts";
import { Refusals } from "./refusals.ts";
import type { RefusedRequest } from "./stream-opener.ts";

const { mistakeReportMs, reportedMistakes } = INGRESS_LIMITS;

function make() {
  const clock = new FakeClock();
  const lines: unknown[] = [];
  const noted: RefusedRequest[] = [];
  const logger = { ...silentLogger, info: (_message: string, fields = {}) => void lines.push(fields) };
  const never = async (): Promise<never> => assert.fail("nothing is opened");
  const opener = {
    openStream: never,
    openDatagrams: never,
    noteRefused: (refused: RefusedRequest) => void noted.push(refused),
  };
  const refusals = new Refusals({ opener, clock, logger });
  const refuse = (error: BywayError, userName = "contry-us") =>
    assert.rejects(
      refusals.watch({ userName, target: () => ({ host: "a.example", port: 80 }) }, () => {
        throw error;
      }),
      error,
    );
  return { clock, lines, noted, refusals, refuse };
}

const MISTAKE = new BywayError("ERR_PARAMETER_UNKNOWN", 'unknown parameter "contry": did you mean country?');

test("a mistake is told in the log once a minute, and in the list each time", async () => {
  const { clock, lines, noted, refuse } = make();
  for (let time = 0; time < 5; time += 1) await refuse(MISTAKE);
  assert.deepEqual(lines, [{ code: MISTAKE.code, reason: MISTAKE.message, remedy: MISTAKE.remedy }]);
  assert.deepEqual(noted[4], { user: "contry-us", target: { host: "a.example", port: 80 }, error: MISTAKE });
  assert.equal(noted.length, 5);
  clock.advance(mistakeReportMs.value);
  await refuse(MISTAKE);
  assert.equal(lines.length, 2);
});

test("many different mistakes do not fill the log, and guesses of passwords not the list", async () => {
  const { lines, noted, refuse } = make();
  for (let at = 0; at < 10 * reportedMistakes.value; at += 1)
    await refuse(new BywayError("ERR_PARAMETER_UNKNOWN", `unknown parameter "p${at}"`));
  assert.equal(lines.length, reportedMistakes.value);
  noted.length = 0;
  const { noted: ofGuesses, refuse: guess } = make();
  for (let at = 0; at < 100; at += 1) await guess(new BywayError("ERR_CREDENTIALS", "the password is wrong"));
  assert.equal(ofGuesses.length, 1);
});

test("that a program is asked for its name is in the list alone; what is no matter of names, in neither", async () => {
  const { lines, noted, refuse, refusals } = make();
  await refuse(new BywayError("ERR_USER_NAME", "send a user name"), "");
  assert.deepEqual([lines.length, noted.length], [0, 1]);
  await refuse(new BywayError("ERR_ABORTED", "the app is gone"));
  assert.equal(await refusals.watch({ userName: "a", target: () => undefined }, () => 7), 7);
  assert.deepEqual([lines.length, noted.length], [0, 1]);
});

test("control characters that an app sends do not reach the log", async () => {
  const { lines, refuse } = make();
  await refuse(new BywayError("ERR_PARAMETER_UNKNOWN", "unknown \u001b[2J\n"));
  assert.doesNotMatch(JSON.stringify(lines), /\\u001b|\\n/);
});
