import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { systemClock } from "../../src/core/clock.ts";
import type { Random } from "../../src/core/random.ts";
import { isRefused, type Parser, quickestMs } from "./fuzz-parser.ts";
import { below } from "./mutated-bytes.ts";

/** What a reader may look through again and again: blanks, ends, separators, openings without an end, and plain letters. */
const ROWS: readonly Buffer[] = [
  ..."\t|\r|\n|\0|a|0|1|.|:|-|_|%|%2|/|\\|,|;|=|\"|'|(|[|{|<|@|#|*|+|!|?|$|^|~|a-|a.|1.|0x|a,|a=|a;|a:|:a|::|\xa0|\xe9|\xff|xn--".split(
    "|",
  ),
  ...[" ", ", ", "; ", " \r\n", "\r\n", "a ", "x:y\n", '\\"', "é", "\u2028"],
].map((row) => Buffer.from(row, row === "\u2028" ? "utf8" : "latin1"));

/** What long rows may cost. */
export interface RowBounds {
  /** The length of a row. */
  readonly bytes: number;
  /** For one input; a pause of the machine does not count, as a slow one is read again. */
  readonly inputMs: number;
  /** For all rows of one parser; what is left then is not read. */
  readonly allMs: number;
}

/**
 * Has a parser read its samples with a long row of one thing at a place of chance's. One that begins anew at each byte of the
 * row takes seconds, one that looks at each once some milliseconds.
 */
export async function longRows(t: TestContext, parser: Parser, random: Random, bounds: RowBounds): Promise<void> {
  const beganMs = systemClock.monotonicMs();
  const length = Math.min(bounds.bytes, parser.mostBytes ?? bounds.bytes);
  let [cases, slowestMs] = [0, 0];
  for (const sample of parser.samples) {
    for (const row of ROWS) {
      if (systemClock.monotonicMs() - beganMs > bounds.allMs) break;
      const at = below(random, sample.length + 1);
      const bytes = Buffer.concat([sample.subarray(0, at), Buffer.alloc(length, row), sample.subarray(at)]);
      const fromMs = systemClock.monotonicMs();
      await isRefused(parser, bytes, random);
      let ms = systemClock.monotonicMs() - fromMs;
      if (ms >= bounds.inputMs) ms = await quickestMs(parser, bytes, random);
      slowestMs = Math.max(slowestMs, ms);
      cases += 1;
      assert.ok(ms < bounds.inputMs, `${ms} ms for a row of ${JSON.stringify(row.toString("latin1"))} at ${at}`);
    }
  }
  t.diagnostic(`${cases} rows, slowest ${slowestMs.toFixed(2)} ms`);
}
