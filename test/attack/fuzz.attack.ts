import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { seededRandom } from "../../src/core/random.ts";
import { type FuzzBounds, fuzzParser, type Parser } from "../support/fuzz-parser.ts";
import { longRows, type RowBounds } from "../support/long-rows.ts";
import { temporaryDirectory } from "../support/run-byway.ts";
import { fileParsers } from "./file-parsers.ts";
import { HTTP2_PARSERS } from "./http2-parsers.ts";
import { MESSAGE_PARSERS } from "./message-parsers.ts";
import { STREAM_PARSERS } from "./stream-parsers.ts";
import { TEXT_PARSERS } from "./text-parsers.ts";
import { WORKER_PARSERS } from "./worker-parsers.ts";

/*
 * What chance makes of good input, for every parser that reads what strangers wrote. It may refuse with an error of Byway's
 * own and throws nothing else, whatever comes; it takes little time for each input, long rows of one thing too, and keeps
 * nothing of it.
 */
const BOUNDS: FuzzBounds = { cases: 8_000, inputMs: 100, heapBytes: 8 * 1024 * 1024, allMs: 60_000 };
/** A reader that begins anew at each byte of such a row takes three seconds. */
const ROWS: RowBounds = { bytes: 60_000, inputMs: 500, allMs: 20_000 };
const SEED = randomInt(2 ** 31);

function fuzz(parsers: readonly Parser[]): void {
  for (const parser of parsers) {
    test(`nothing breaks what reads: ${parser.name}`, { timeout: 2 * BOUNDS.allMs }, async (t) => {
      t.diagnostic(`seed ${SEED}`);
      await fuzzParser(t, parser, seededRandom(SEED), BOUNDS);
      await longRows(t, parser, seededRandom(SEED), ROWS);
    });
  }
}

fuzz([...MESSAGE_PARSERS, ...HTTP2_PARSERS, ...STREAM_PARSERS, ...TEXT_PARSERS, ...WORKER_PARSERS]);

test("nothing breaks what reads files", { timeout: 1_200_000 }, async (t: TestContext) => {
  const example = readFileSync(new URL("../../byway.example.toml", import.meta.url), "utf8");
  // What is commented out there are settings with their defaults.
  const settings = example.replaceAll(/^# (?=[a-z-]+ = )/gm, "").slice(0, 4_000);
  for (const parser of fileParsers(temporaryDirectory(t), settings)) {
    await t.test(`nothing breaks what reads: ${parser.name}`, async (sub) => {
      sub.diagnostic(`seed ${SEED}`);
      await fuzzParser(sub, parser, seededRandom(SEED), BOUNDS);
      await longRows(sub, parser, seededRandom(SEED), ROWS);
    });
  }
});
