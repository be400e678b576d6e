import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { systemClock } from "../../src/core/clock.ts";
import { BywayError } from "../../src/core/errors.ts";
import type { Random } from "../../src/core/random.ts";
import { mutatedBytes } from "./mutated-bytes.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Something that reads bytes of strangers. */
export interface Parser {
  readonly name: string;
  /** What it reads well: others are made of these. */
  readonly samples: readonly Uint8Array[];
  /** May throw BywayErrors, and nothing else. `random` cuts what comes in pieces. */
  readonly read: (bytes: Buffer, random: Random) => unknown;
  /** The part of the cases that it gets, where each costs more. Default 1. */
  readonly share?: number;
  /** What its caller never gives it more of, or more than the owner of a file would write. */
  readonly mostBytes?: number;
}

/** What fuzzing may take at most. */
export interface FuzzBounds {
  readonly cases: number;
  /** For one input; a pause of the machine does not count, as the slowest is read again. */
  readonly inputMs: number;
  readonly heapBytes: number;
  /** For all cases of one parser; what is left then is not read. */
  readonly allMs: number;
}

const AGAIN = 5;
const SHOWN_BYTES = 2_000;

/** Lets BywayErrors of strangers' doing go by; whether one was thrown. */
export async function isRefused(parser: Parser, bytes: Buffer, random: Random): Promise<boolean> {
  try {
    await parser.read(bytes, random);
    return false;
  } catch (error) {
    if (error instanceof BywayError && error.code !== "ERR_INTERNAL") return true;
    const shown = bytes.subarray(0, SHOWN_BYTES).toString("base64");
    throw new Error(`${parser.name} threw at ${bytes.length} bytes, in base64: ${shown}`, { cause: error });
  }
}

/** The shortest of five times that a parser takes of this thread's CPU for `bytes`: neither a pause nor others' load count. */
export async function quickestMs(parser: Parser, bytes: Buffer, random: Random): Promise<number> {
  let quickest = Number.POSITIVE_INFINITY;
  for (let turn = 0; turn < AGAIN; turn += 1) {
    const before = process.threadCpuUsage();
    await isRefused(parser, bytes, random);
    const { user, system } = process.threadCpuUsage(before);
    quickest = Math.min(quickest, (user + system) / 1_000);
  }
  return quickest;
}

/** Has a parser read what chance makes of its samples, and says how it went. Fails at the first input that breaks a bound. */
export async function fuzzParser(t: TestContext, parser: Parser, random: Random, bounds: FuzzBounds): Promise<void> {
  for (const sample of parser.samples) await isRefused(parser, Buffer.from(sample), random);
  collectGarbage();
  const heapBefore = process.memoryUsage().heapUsed;
  const beganMs = systemClock.monotonicMs();
  const wanted = Math.ceil(bounds.cases * (parser.share ?? 1));
  let [cases, refused, slowestMs] = [0, 0, 0];
  for (; cases < wanted && systemClock.monotonicMs() - beganMs < bounds.allMs; cases += 1) {
    const bytes = mutatedBytes(random, parser.samples);
    const fromMs = systemClock.monotonicMs();
    if (await isRefused(parser, bytes, random)) refused += 1;
    if (systemClock.monotonicMs() - fromMs <= Math.max(slowestMs, 1)) continue;
    const ms = await quickestMs(parser, bytes, random);
    slowestMs = Math.max(slowestMs, ms);
    const shown = bytes.subarray(0, SHOWN_BYTES).toString("base64");
    assert.ok(ms < bounds.inputMs, `${ms} ms for ${bytes.length} bytes, in base64: ${shown}`);
  }
  collectGarbage();
  const grown = process.memoryUsage().heapUsed - heapBefore;
  t.diagnostic(
    `${cases} cases, ${refused} refused, slowest ${slowestMs.toFixed(2)} ms, heap ${Math.round(grown / 1024)} KiB`,
  );
  assert.ok(cases > 0 && grown < bounds.heapBytes, `the heap grew by ${grown} bytes`);
}
