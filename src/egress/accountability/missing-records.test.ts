import assert from "node:assert/strict";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { forward, LOG_IDENTITY, openLog, someStream } from "../../../test/support/logged-streams.ts";
import { temporaryDirectory } from "../../../test/support/run-byway.ts";
import { FakeClock } from "../../core/fake-clock.ts";
import { DAY_MS } from "../../core/units.ts";
import type { AccountabilityLog } from "./accountability-log.ts";
import { headPath } from "./chain-head.ts";
import { exportLog } from "./export-log.ts";
import { listLogFiles } from "./log-files.ts";
import { CHAIN_BEGIN, chainHash, recordBody, recordLine } from "./log-record.ts";
import { signChain } from "./log-signature.ts";
import { flawError, type LogVerdict, verifyLog } from "./verify-log.ts";

interface Site {
  readonly clock: FakeClock;
  readonly dataDirectory: string;
  readonly directory: string;
  readonly paths: readonly string[];
  reopen(): Promise<AccountabilityLog>;
  verify(): Promise<LogVerdict>;
}

/** A log of three days, a file each, that was stopped. */
async function writeDays(t: TestContext, options: { days?: number; link?: number } = {}): Promise<Site> {
  const clock = new FakeClock(Date.parse("2026-11-20T12:00:00Z"));
  const { log, dataDirectory, directory, reopen } = await openLog(t, clock, options);
  for (let day = 0; day < 3; day += 1) {
    if (day > 0) clock.advance(DAY_MS);
    forward(log, someStream("example.org", { link: { id: options.link ?? 3, payer: undefined } }));
    await log.flush();
  }
  await log.stop();
  const paths = (await listLogFiles(directory)).map(({ path }) => path);
  const verify = (): Promise<LogVerdict> => verifyLog(dataDirectory, { peer: LOG_IDENTITY.peerId });
  return { clock, dataDirectory, directory, paths, reopen, verify };
}

function messages({ missing }: LogVerdict): readonly string[] {
  return missing.map(({ message }) => message);
}

test("a log of which nothing was taken misses nothing, while it is written and after", async (t) => {
  const { dataDirectory, verify, reopen } = await writeDays(t);
  assert.deepEqual((await verify()).missing, []);
  const log = await reopen();
  forward(log);
  await log.flush();
  const { missing, flaws } = await verifyLog(dataDirectory);
  assert.deepEqual([missing, flaws], [[], []]);
});

test("a file that others put there under the highest number is flagged, and what follows it is found again", async (t) => {
  const { directory, reopen, dataDirectory } = await writeDays(t);
  const planted = join(directory, "99999999-2026-01-01.jsonl");
  writeFileSync(planted, `${"x".repeat(5_000)}\n`);
  for (let start = 0; start < 2; start += 1) {
    const log = await reopen();
    forward(log);
    await log.flush();
    await log.stop();
  }
  const { flaws, missing } = await verifyLog(dataDirectory);
  assert.deepEqual([flaws[0]?.file, missing], [planted, []]);
  assert.deepEqual(
    (await listLogFiles(directory)).slice(3).map(({ number }) => number),
    [99_999_999, 100_000_000],
  );
});

test("oldest files that the node did not remove are missing", async (t) => {
  for (const [gone, files] of [
    [1, "file 1 is missing"],
    [2, "files 1 to 2 are missing"],
  ] as const) {
    const { verify, paths } = await writeDays(t);
    for (const path of paths.slice(0, gone)) rmSync(path);
    const verdict = await verify();
    assert.equal(verdict.flawCount, 0);
    assert.match(messages(verdict).join(), new RegExp(`^${files}`));
    assert.equal(flawError(verdict)?.code, "ERR_LOG_FLAW");
  }
});

test("newest files, newest records and whole chains are missed", async (t) => {
  const last = (paths: readonly string[]): string => paths.at(-1) ?? "";
  const cut = (path: string, lines: number): void => {
    const kept = readFileSync(path, "utf8").split("\n").slice(0, lines).join("\n");
    truncateSync(path, kept.length + 1);
  };
  const harms: readonly (readonly [RegExp, (site: Site) => void])[] = [
    [/^records \d+ to \d+ are missing/, ({ paths }) => rmSync(last(paths))],
    [/^records \d+ to \d+ are missing/, ({ paths }) => cut(last(paths), 2)],
    [/^all files are missing/, ({ directory }) => rmSync(directory, { recursive: true })],
    [/^all files are missing/, ({ directory }) => rmSync(join(directory, ".."), { recursive: true })],
    [/^the head record of the chain is missing/, ({ directory }) => rmSync(headPath(directory))],
    [/^the head record is not what/, ({ directory }) => writeFileSync(headPath(directory), "{}\n")],
    [
      /^the head record is not what/,
      ({ directory }) => {
        const path = headPath(directory);
        writeFileSync(path, readFileSync(path, "utf8").replace('"oldest":1', '"oldest":2'));
      },
    ],
  ];
  for (const [message, harm] of harms) {
    const site = await writeDays(t);
    harm(site);
    assert.match(messages(await site.verify()).join(), message);
  }
});

test("a log that was written anew in place of the node's is another one", async (t) => {
  const { verify, paths, directory } = await writeDays(t);
  const other = await writeDays(t, { link: 4 });
  for (const path of paths) rmSync(path);
  cpSync(other.directory, directory, { recursive: true });
  assert.match(messages(await verify()).join(), /^record \d+ is another one/);
});

test("what goes by age or size goes without being missed, and the verdict says who removed it", async (t) => {
  const byAge = await (await writeDays(t, { days: 1 })).verify();
  assert.deepEqual([byAge.missing, byAge.flaws], [[], []]);
  assert.match(
    byAge.chains[0]?.notes.join() ?? "",
    /the node itself removed the files up to 1, as configured \(node.log-days\)/,
  );

  const clock = new FakeClock(Date.parse("2026-11-20T12:00:00Z"));
  const { log, dataDirectory } = await openLog(t, clock, { mib: 1 });
  for (let round = 0; round < 20; round += 1) {
    for (let stream = 0; stream < 200; stream += 1) forward(log);
    await log.flush();
  }
  const bySize = await verifyLog(dataDirectory);
  assert.deepEqual([bySize.missing, bySize.flaws], [[], []]);
  assert.match(bySize.chains[0]?.notes.join() ?? "", /as configured \(node.log-mib\)/);
});

test("a node goes on behind what was cut off: the gap stays, and its log says so", async (t) => {
  const { verify, paths, reopen, directory } = await writeDays(t);
  rmSync(paths.at(-1) ?? "");
  const log = await reopen();
  forward(log);
  await log.stop();
  const { flaws } = await verify();
  assert.match(flaws[0]?.message ?? "", /^records \d+ to \d+ are missing/);
  const last = readFileSync(
    join(
      directory,
      readdirSync(directory)
        .sort()
        .filter((name) => name.endsWith(".jsonl"))
        .at(-1) ?? "",
    ),
    "utf8",
  );
  assert.match(last, /"event":"resumed".*"reason":"the newest records that the node wrote are missing"/);
});

test("a node whose whole chain was taken goes on with its numbers, and the loss stays to be seen", async (t) => {
  const { verify, directory, reopen } = await writeDays(t);
  rmSync(directory, { recursive: true });
  const log = await reopen();
  await log.stop();
  const verdict = await verify();
  assert.match(messages(verdict).join(), /^files 1 to 3 are missing/);
  assert.ok((verdict.chains[0]?.firstSeq ?? 0) > 9);
});

test("what is here can be handed over though older files are missing", async (t) => {
  const { dataDirectory, paths, clock } = await writeDays(t);
  rmSync(paths[0] ?? "");
  let text = "";
  await exportLog(dataDirectory, { fromMs: 0, toMs: clock.nowMs() }, async (more) => {
    text += more;
  });
  assert.match(text, /"event":"end"/);
});

test("a log of a node that kept no head record is in order, with a note", async (t) => {
  const dataDirectory = temporaryDirectory(t);
  const directory = join(dataDirectory, "accountability", "1");
  const { peerId, privateKey } = LOG_IDENTITY;
  const timeMs = Date.parse("2026-11-20T12:00:00Z");
  mkdirSync(directory, { recursive: true });
  let hash = CHAIN_BEGIN;
  let text = "";
  const add = (seq: number, fields: string): void => {
    const body = recordBody(seq, { timeMs, fields });
    hash = chainHash(hash, body);
    text += recordLine(body, hash);
  };
  add(1, `"event":"file","version":1,"peer":"${peerId}","number":1,"prev":"${CHAIN_BEGIN}"`);
  add(2, `"event":"start","software":"byway 0.0.1"`);
  add(3, `"event":"signature","peer":"${peerId}","signature":"${signChain(privateKey, peerId, hash)}"`);
  writeFileSync(join(directory, "00000001-2026-11-20.jsonl"), text, { mode: 0o600 });
  const before = await verifyLog(dataDirectory);
  assert.deepEqual([before.flaws, before.missing], [[], []]);
  assert.match(before.chains[0]?.notes.join() ?? "", /^no head record is kept/);

  const { log } = await openLog(t, new FakeClock(timeMs + DAY_MS), { directory }, dataDirectory);
  await log.stop();
  const after = await verifyLog(dataDirectory);
  assert.deepEqual([after.flaws, after.missing, after.chains[0]?.notes], [[], [], []]);
});
