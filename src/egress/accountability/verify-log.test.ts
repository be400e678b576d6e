import assert from "node:assert/strict";
import { appendFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { forward, LOG_IDENTITY, openLog, someStream } from "../../../test/support/logged-streams.ts";
import { FakeClock } from "../../core/fake-clock.ts";
import { generateIdentity } from "../../identity/identity.ts";
import { listLogFiles } from "./log-files.ts";
import { CHAIN_BEGIN, chainHash, readRecord, recordLine } from "./log-record.ts";
import { flawError, type LogVerdict, verifyLog, verifyLogFile } from "./verify-log.ts";

interface Written {
  readonly dataDirectory: string;
  /** Three days, a file each. */
  readonly paths: readonly string[];
  readonly contents: readonly Buffer[];
  verify(): Promise<LogVerdict>;
}

async function writeThreeDays(t: TestContext): Promise<Written> {
  const clock = new FakeClock(Date.parse("2026-11-20T23:00:00Z"));
  const { log, dataDirectory, directory } = await openLog(t, clock);
  for (let day = 0; day < 3; day += 1) {
    for (let stream = 0; stream < 4; stream += 1) forward(log, someStream(`s${stream}.example`));
    await log.flush();
    clock.advance(11_000);
    await log.idle;
    await log.flush();
    // The ticks end with nothing left to do.
    clock.advance(250);
    await log.idle;
    if (day < 2) clock.advance(86_400_000 - 11_250);
  }
  await log.stop();
  const paths = (await listLogFiles(directory)).map(({ path }) => path);
  const contents = paths.map((path) => readFileSync(path));
  return { dataDirectory, paths, contents, verify: () => verifyLog(dataDirectory) };
}

/** Which line of a file a byte is in, its line feed with it. */
function lineOf(content: Buffer, offset: number): number {
  return content.subarray(0, offset).filter((byte) => byte === 10).length + 1;
}

test("a log that nobody touched is in order, and says what it holds", async (t) => {
  const { verify, paths } = await writeThreeDays(t);
  const { chains, flaws } = await verify();
  assert.deepEqual(flaws, []);
  const [chain] = chains;
  assert.equal(paths.length, 3);
  assert.deepEqual(
    { ...chain, lastHash: "", to: "" },
    {
      name: "0",
      files: 3,
      records: chain?.lastSeq,
      redacted: 0,
      signatures: chain?.signatures,
      unsigned: 0,
      firstSeq: 1,
      lastSeq: chain?.lastSeq,
      from: "2026-11-20T23:00:00.000Z",
      to: "",
      lastHash: "",
      peers: [LOG_IDENTITY.peerId],
      notes: [],
    },
  );
  for (const path of paths) assert.equal((await verifyLogFile(path)).flawCount, 0);
});

test("a changed byte, wherever it is and whatever it becomes, is found, in its line", async (t) => {
  const { verify, paths, contents } = await writeThreeDays(t);
  const place = fc
    .nat({ max: paths.length - 1 })
    .chain((file) => fc.tuple(fc.constant(file), fc.nat({ max: (contents[file]?.length ?? 1) - 1 })));
  const ends = contents.flatMap((content, file) =>
    [
      0,
      content.length - 1,
      content.indexOf("\n"),
      content.indexOf('"hash":"') + 9,
      content.indexOf('"prev":"') + 9,
    ].map((at): [[number, number], number] => [[file, at], 1]),
  );
  await fc.assert(
    fc.asyncProperty(place, fc.integer({ min: 1, max: 255 }), async ([file, at], mask) => {
      const path = paths[file] ?? "";
      const content = contents[file] ?? Buffer.alloc(0);
      const changed = Buffer.from(content);
      changed[at] = (content[at] ?? 0) ^ mask;
      writeFileSync(path, changed);
      const { flaws } = await verify();
      writeFileSync(path, content);
      assert.deepEqual([flaws[0]?.file, flaws[0]?.line], [path, lineOf(content, at)]);
      assert.ok((flaws[0]?.offset ?? at + 1) <= at);
    }),
    { numRuns: 150, examples: ends },
  );
  assert.equal((await verify()).flawCount, 0);
});

test("lines that are taken out, doubled, swapped or put in are found", async (t) => {
  const { verify, paths, contents } = await writeThreeDays(t);
  const path = paths[1] ?? "";
  const lines = (contents[1] ?? "").toString().trimEnd().split("\n");
  const changed = async (edit: (lines: string[]) => unknown): Promise<readonly unknown[]> => {
    const copy = [...lines];
    edit(copy);
    writeFileSync(path, copy.map((line) => `${line}\n`).join(""));
    const [flaw] = (await verify()).flaws;
    return [flaw?.kind, flaw?.line, flaw?.message];
  };
  const seqOf = (index: number): number => readRecord(lines[index] ?? "")?.seq ?? 0;
  assert.deepEqual(await changed((copy) => copy.splice(2, 2)), [
    "sequence",
    3,
    `records ${seqOf(2)} to ${seqOf(3)} are missing`,
  ]);
  assert.deepEqual((await changed((copy) => copy.splice(2, 0, lines[1] ?? ""))).slice(0, 2), ["sequence", 3]);
  assert.deepEqual((await changed((copy) => copy.splice(2, 2, lines[3] ?? "", lines[2] ?? ""))).slice(0, 2), [
    "sequence",
    3,
  ]);
  assert.deepEqual((await changed((copy) => copy.splice(2, 0, "{}"))).slice(0, 2), ["form", 3]);
  assert.deepEqual((await changed((copy) => copy.splice(2, 0, "x".repeat(100_000)))).slice(0, 2), ["form", 3]);
  rmSync(path);
  assert.equal((await verify()).flaws[0]?.kind, "sequence");
});

test("whoever changes a record and all hashes behind it still lacks the signature", async (t) => {
  const { verify, paths, contents } = await writeThreeDays(t);
  let before = CHAIN_BEGIN;
  let signatureLine = 0;
  for (const [file, content] of contents.entries()) {
    const lines = content.toString().trimEnd().split("\n");
    const forged = lines.map((line, index) => {
      const body = (readRecord(line)?.body ?? "")
        .replace('"target":"s2.example', '"target":"s9.example')
        .replace(/"prev":"[0-9a-f]{64}"/, `"prev":"${before}"`);
      if (signatureLine === 0 && body.includes('"event":"signature"')) signatureLine = index + 1;
      before = chainHash(before, body);
      return recordLine(body, before);
    });
    writeFileSync(paths[file] ?? "", forged.join(""));
  }
  const { flaws, chains } = await verify();
  assert.deepEqual([flaws[0]?.kind, flaws[0]?.line, flaws[0]?.file], ["signature", signatureLine, paths[0]]);
  assert.equal(chains[0]?.signatures, 0);
});

test("a log of another node is told from one's own", async (t) => {
  const { dataDirectory } = await writeThreeDays(t);
  const { flaws } = await verifyLog(dataDirectory, { peer: generateIdentity().peerId });
  assert.deepEqual([flaws[0]?.kind, flaws[0]?.line], ["peer", 1]);
});

test("removed oldest files and a half-written last line are no flaw", async (t) => {
  const { verify, paths } = await writeThreeDays(t);
  rmSync(paths[0] ?? "");
  appendFileSync(paths[2] ?? "", '{"seq":99,"time"');
  const { flawCount, chains } = await verify();
  assert.equal(flawCount, 0);
  assert.ok((chains[0]?.firstSeq ?? 0) > 1);
  assert.match(chains[0]?.notes[0] ?? "", /ends with 16 bytes of no whole record/);
});

test("a clock that goes back by hours is remarked on and no flaw", async (t) => {
  const clock = new FakeClock(Date.parse("2026-11-20T23:00:00Z"));
  const first = await openLog(t, clock);
  forward(first.log);
  await first.log.stop();
  const earlier = await openLog(t, new FakeClock(Date.parse("2026-11-20T20:30:00Z")), {}, first.dataDirectory);
  await earlier.log.stop();
  const { flawCount, chains } = await verifyLog(first.dataDirectory);
  assert.equal(flawCount, 0);
  assert.match(chains[0]?.notes[0] ?? "", /went back by 150 min at record \d/);
});

test("the error names the place", async (t) => {
  const { verify, paths, contents } = await writeThreeDays(t);
  assert.equal(flawError(await verify()), undefined);
  writeFileSync(paths[0] ?? "", (contents[0] ?? "").toString().replace("s1.example", "s2.example"));
  const error = flawError(await verify());
  assert.equal(error?.code, "ERR_LOG_FLAW");
  assert.match(error?.message ?? "", /00000001-2026-11-20\.jsonl, line 5 \(byte \d+\): record 5 or what is before/);
  assert.equal(error?.data.line, 5);
});
