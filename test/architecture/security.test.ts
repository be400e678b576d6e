import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../../scripts/documents.ts";
import { CIRCUIT_LIMITS } from "../../src/circuit/limits.ts";
import { DAY_MS } from "../../src/core/units.ts";
import { FLOW_LIMITS } from "../../src/flow/limits.ts";
import { LINK_LIMITS } from "../../src/link/limits.ts";
import { PEERS_LIMITS } from "../../src/peers/limits.ts";
import { RELAY_LIMITS } from "../../src/relay/limits.ts";
import { ROUTING_LIMITS } from "../../src/routing/limits.ts";
import { TRUST_LIMITS } from "../../src/trust/limits.ts";

const PROMISES = readFileSync(join(ROOT, "docs/security.md"), "utf8");
const ENTRIES = readFileSync(join(ROOT, "docs/security-tests.md"), "utf8");
const LONGEST_LINE = 200;

const GIB = 1024 ** 3;

/** What promises say in figures, and the limits that they are taken from. */
const FIGURES: readonly (readonly [number: string, words: string, limit: number, value: number])[] = [
  ["P9", "50 to 70 days", ROUTING_LIMITS.guardKeepMs.value, 60 * DAY_MS],
  ["P9", "try six others in a day", ROUTING_LIMITS.guardDrawsADay.value, 6],
  ["P9", "twenty in all", ROUTING_LIMITS.sampledGuards.value, 20],
  ["P18", "2 times a second", RELAY_LIMITS.unprovenPerMinute.value, 2 * 60],
  ["P18", "240 times at once", RELAY_LIMITS.unprovenBurst.value, 240],
  ["P32", "more than a second", FLOW_LIMITS.firstBytesHoldMs.value, 1_000],
  ["P36", "at most 1 GiB", FLOW_LIMITS.budgetBytes.value, GIB],
  ["P37", "less than 1 KiB", FLOW_LIMITS.watchedBytes.value, 1_024],
  ["P38", "at most 8 KiB", LINK_LIMITS.headerListBytes.value, 8_192],
  ["P45", "30 days", PEERS_LIMITS.equivocatorMs.value, 30 * DAY_MS],
  ["P77", "at most 5 minutes", CIRCUIT_LIMITS.longestRestMs.value, 300_000],
  ["P54", "in 15 minutes weighs as two requests", TRUST_LIMITS.windowMs.value, 900_000],
  ["P54", "as two requests", TRUST_LIMITS.windowWeight.value, 2],
];

/** One promise's place in the page of tests. */
interface Entry {
  readonly number: string;
  readonly group: string;
  readonly keptIn: readonly string[];
  readonly tests: readonly string[];
}

/** The promises, each with the heading that it stands below. */
function promises(): readonly Pick<Entry, "number" | "group">[] {
  let group = "";
  return PROMISES.split("\n").flatMap((line) => {
    group = /^## (.*)/.exec(line)?.[1] ?? group;
    const number = /^- \*\*(P\d+)\.\*\* /.exec(line)?.[1];
    return number === undefined ? [] : [{ number, group }];
  });
}

function entries(): readonly Entry[] {
  return ENTRIES.split(/^## /m)
    .slice(1)
    .flatMap((part) => {
      const [group = "", ...rest] = part.split("\n");
      return rest
        .join("\n")
        .split(/^### /m)
        .slice(1)
        .map((text) => ({
          number: /^P\d+/.exec(text)?.[0] ?? text.slice(0, 20),
          group,
          keptIn: pathsIn(/^- kept in:([\s\S]*?)^- tests:/m.exec(text)?.[1]),
          tests: pathsIn(/^- tests:([\s\S]*)/m.exec(text)?.[1]),
        }));
    });
}

function pathsIn(text = ""): readonly string[] {
  return [...text.matchAll(/`([^`]+)`/g)].flatMap((match) => match[1] ?? []);
}

test("promises are numbered from 1 on, each number once", () => {
  const numbers = promises().map(({ number }) => Number(number.slice(1)));
  assert.ok(numbers.length > 0);
  assert.deepEqual(numbers, [...new Set(numbers)]);
  assert.ok(Math.min(...numbers) >= 1);
});

test("every promise has an entry in the page of tests, in the same place, and every entry a promise", () => {
  const places = entries().map(({ number, group }) => ({ number, group }));
  assert.deepEqual(places, promises());
});

test("every promise is kept in files and held by tests, which exist", () => {
  for (const { number, keptIn, tests } of entries()) {
    assert.ok(keptIn.length > 0 && tests.length > 0, `${number} needs both`);
    for (const path of [...keptIn, ...tests])
      assert.ok(existsSync(join(ROOT, path)), `${number}: ${path} is not there`);
    for (const path of keptIn) assert.doesNotMatch(path, /\.(test|compliance|attack)\.ts$/, number);
    for (const path of tests) assert.match(path, /\.(test|compliance|attack)\.ts$/, number);
    const onEachRun = tests.filter((path) => !path.endsWith(".attack.ts"));
    assert.notDeepEqual(onEachRun, [], `${number} is held by no test of npm test`);
  }
});

test("the entry of a promise names no file twice", () => {
  for (const { number, keptIn, tests } of entries()) {
    const paths = [...keptIn, ...tests];
    assert.deepEqual(paths, [...new Set(paths)], number);
  }
});

test("the figures in promises are those of the limits", () => {
  for (const [number, words, limit, value] of FIGURES) {
    const text = PROMISES.split(`- **${number}.** `)[1]
      ?.split(/\n- \*\*|\n\n/)[0]
      ?.replaceAll(/\s+/g, " ");
    assert.ok(text?.includes(words), `${number} says "${words}"`);
    assert.equal(limit, value, `${number}: ${words}`);
  }
});

test("a promise that is referred to is there", () => {
  const known = new Set(promises().map(({ number }) => number));
  for (const [number] of PROMISES.matchAll(/\bP\d+\b/g)) assert.ok(known.has(number), number);
});

test("no line of the two pages is too long to read", () => {
  for (const text of [PROMISES, ENTRIES])
    for (const line of text.split("\n")) assert.ok(line.length <= LONGEST_LINE, line.slice(0, 80));
});
