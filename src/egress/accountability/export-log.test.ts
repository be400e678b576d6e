import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { forward, LOG_IDENTITY, openLog, someStream } from "../../../test/support/logged-streams.ts";
import { temporaryDirectory } from "../../../test/support/run-byway.ts";
import { FakeClock } from "../../core/fake-clock.ts";
import { HOUR_MS } from "../../core/units.ts";
import { type ExportRange, type ExportSummary, exportLog } from "./export-log.ts";
import { listLogFiles } from "./log-files.ts";
import { parseLogTarget } from "./log-target.ts";
import { verifyLogFile } from "./verify-log.ts";

const NOON_MS = Date.parse("2026-11-20T12:00:00Z");

/** One stream at each hour for two days, to three hosts in turn, by two chains. */
async function writeTwoDays(t: TestContext): Promise<string> {
  const clock = new FakeClock(NOON_MS);
  const { log, dataDirectory } = await openLog(t, clock);
  const second = await openLog(t, clock, { directory: join(dataDirectory, "accountability", "1") }, dataDirectory);
  for (let hour = 0; hour < 48; hour += 1) {
    for (const one of [log, second.log]) {
      forward(one, someStream(["victim.example", "others.example", "third.example"][hour % 3]), `192.0.2.${hour}`);
      await one.flush();
    }
    clock.advance(10_250);
    await Promise.all([log.flush(), second.log.flush()]);
    // The ticks end with nothing left to do.
    clock.advance(250);
    clock.advance(HOUR_MS - 10_500);
  }
  await Promise.all([log.stop(), second.log.stop()]);
  return dataDirectory;
}

interface Exported {
  readonly path: string;
  readonly text: string;
  readonly records: readonly Readonly<Record<string, unknown>>[];
  readonly summary: ExportSummary;
}

async function exported(t: TestContext, dataDirectory: string, range: Partial<ExportRange>): Promise<Exported> {
  const path = join(temporaryDirectory(t), "handed-over.jsonl");
  let text = "";
  const all = { fromMs: 0, toMs: NOON_MS * 2 };
  const summary = await exportLog(dataDirectory, { ...all, ...range }, async (more) => {
    text += more;
  });
  writeFileSync(path, text);
  const records = text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { path, text, records, summary };
}

test("an export of a range verifies by itself, up to the signature behind it", async (t) => {
  const dataDirectory = await writeTwoDays(t);
  const range = { fromMs: NOON_MS + 9.5 * HOUR_MS, toMs: NOON_MS + 14.5 * HOUR_MS };
  const { path, records, summary } = await exported(t, dataDirectory, range);
  const { chains, flawCount } = await verifyLogFile(path, { peer: LOG_IDENTITY.peerId });
  assert.equal(flawCount, 0);
  assert.deepEqual(
    chains.map(({ name, unsigned, signatures }) => [name, unsigned, signatures >= 5]),
    [
      ["0", 0, true],
      ["1", 0, true],
    ],
  );
  assert.equal(summary.unsigned, 0);
  assert.equal(summary.records, records.length - 2);
  assert.deepEqual(
    records.filter(({ event }) => event === "open").map(({ address }) => address),
    [0, 1].flatMap(() => [10, 11, 12, 13, 14].map((hour) => `192.0.2.${hour}`)),
  );
});

test("with a target all other streams are hashes only, and the chain holds all the same", async (t) => {
  const dataDirectory = await writeTwoDays(t);
  const target = { text: "Victim.example:443", matches: parseLogTarget("Victim.example:443") };
  const { path, text, records, summary } = await exported(t, dataDirectory, { target });
  assert.doesNotMatch(text, /others\.example|third\.example/);
  assert.equal(records.filter(({ event }) => event === "open").length, 32);
  assert.equal(summary.redacted, 2 * 2 * 32);
  assert.equal((await verifyLogFile(path, { peer: LOG_IDENTITY.peerId })).flawCount, 0);
  const changed = text.replace(/"redacted":"./, (found) => `${found.slice(0, -1)}${found.endsWith("0") ? "1" : "0"}`);
  writeFileSync(path, changed);
  assert.equal((await verifyLogFile(path)).flaws[0]?.kind, "hash");
});

test("proofs of next hops are handed out as streams are: by their target, and all others as hashes", async (t) => {
  const clock = new FakeClock(NOON_MS);
  const { log, dataDirectory } = await openLog(t, clock);
  for (const host of ["198.51.100.7", "198.51.100.8"]) {
    log.proofFailed({ link: { id: 1 }, endpoint: { host, port: 22 }, durationMs: 5, result: "ERR_HOP_UNREACHABLE" });
  }
  await log.stop();
  const target = { text: "198.51.100.7", matches: parseLogTarget("198.51.100.7") };
  const { path, text, records, summary } = await exported(t, dataDirectory, { target });
  assert.doesNotMatch(text, /198\.51\.100\.8/);
  assert.deepEqual(
    records.filter(({ event }) => event === "proof").map((record) => record.target),
    ["198.51.100.7:22"],
  );
  assert.equal(summary.redacted, 1);
  assert.equal((await verifyLogFile(path, { peer: LOG_IDENTITY.peerId })).flawCount, 0);
});

test("an export that somebody shortened or changed is found out", async (t) => {
  const dataDirectory = await writeTwoDays(t);
  const { path, text } = await exported(t, dataDirectory, {});
  const lines = text.split("\n");
  writeFileSync(path, [...lines.slice(0, 20), ...lines.slice(21)].join("\n"));
  assert.equal((await verifyLogFile(path)).flaws[0]?.kind, "sequence");
  writeFileSync(path, text.replace("192.0.2.17", "192.0.2.18"));
  assert.equal((await verifyLogFile(path)).flaws[0]?.kind, "hash");
});

test("a flawed log is not handed out", async (t) => {
  const dataDirectory = await writeTwoDays(t);
  const [file] = await listLogFiles(join(dataDirectory, "accountability", "1"));
  const path = file?.path ?? "";
  writeFileSync(path, readFileSync(path, "utf8").replace("192.0.2.1", "192.0.2.9"));
  await assert.rejects(exported(t, dataDirectory, {}), { code: "ERR_LOG_FLAW" });
});

test("targets are meant by name, by address and by port", () => {
  const record = { target: "Example.org:443", address: "192.0.2.1" };
  for (const text of ["example.org", "EXAMPLE.org.", "example.org:443", "192.0.2.1", "192.0.2.1:443"]) {
    assert.ok(parseLogTarget(text)(record), text);
  }
  for (const text of ["example.org:80", "ample.org", "192.0.2.10"]) assert.ok(!parseLogTarget(text)(record), text);
  assert.ok(parseLogTarget("2001:db8::1")({ target: "[2001:db8::1]:443" }));
  assert.ok(parseLogTarget("[2001:db8::1]:443")({ target: "[2001:db8::1]:443" }));
  for (const text of ["", "a b", "http://example.org/"]) {
    assert.throws(() => parseLogTarget(text), { code: "ERR_USAGE_ARGUMENT" });
  }
});
