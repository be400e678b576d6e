import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../src/core/clock.ts";

/*
 * npm run attack              runs each *.attack.ts here with Node's test runner, one after the other: what takes too long for
 *                             npm test. Says of each how long it took, and ends with 1 when one got through
 * npm run attack -- f stores  only those whose names begin with one of these words
 */
/** None may hang for ever: the longest takes eleven minutes on two cores. */
const LONGEST_MS = 3_600_000;

interface Outcome {
  readonly name: string;
  readonly seconds: number;
  readonly hasFailed: boolean;
}

function run(name: string): Outcome {
  process.stdout.write(`\n== ${name}\n`);
  const beganMs = systemClock.monotonicMs();
  const path = fileURLToPath(new URL(name, import.meta.url));
  const args = ["--test", "--test-reporter=spec", path];
  const { status } = spawnSync(process.execPath, args, { stdio: "inherit", timeout: LONGEST_MS });
  return { name, seconds: (systemClock.monotonicMs() - beganMs) / 1000, hasFailed: status !== 0 };
}

const begins = process.argv.slice(2);
const files = readdirSync(new URL(".", import.meta.url))
  .filter((name) => name.endsWith(".attack.ts"))
  .filter((name) => begins.length === 0 || begins.some((begin) => name.startsWith(begin)))
  .sort();
const outcomes = files.map(run);
process.stdout.write("\n");
for (const { name, seconds, hasFailed } of outcomes) {
  process.stdout.write(`${hasFailed ? "got through" : "held       "} ${seconds.toFixed(0).padStart(5)} s  ${name}\n`);
}
const failed = outcomes.filter(({ hasFailed }) => hasFailed);
const seconds = outcomes.reduce((sum, outcome) => sum + outcome.seconds, 0);
process.stdout.write(
  `${outcomes.length} attacks in ${Math.ceil(seconds / 60)} minutes, ${failed.length} got through\n`,
);
if (outcomes.length === 0) process.stderr.write(`no attack begins with ${begins.join(" or ")}\n`);
process.exitCode = failed.length === 0 && outcomes.length > 0 ? 0 : 1;
