import assert from "node:assert/strict";
import {
  appendFileSync,
  chmodSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { forward, LOG_IDENTITY, openLog, someStream } from "../../../test/support/logged-streams.ts";
import { BywayError } from "../../core/errors.ts";
import { FakeClock } from "../../core/fake-clock.ts";
import { DAY_MS } from "../../core/units.ts";
import { headPath } from "./chain-head.ts";
import { verifyLog } from "./verify-log.ts";

const START_MS = Date.parse("2026-11-21T12:00:00Z");

test("a stream leaves what an abuse desk asks for, and nothing else", async (t) => {
  const clock = new FakeClock(START_MS);
  const { log, records } = await openLog(t, clock);
  const entry = log.begin(someStream());
  entry.opened("93.184.216.34", 40_001);
  entry.opened("192.0.2.1", 40_002);
  clock.advance(1500);
  entry.ended({ bytesUp: 120, bytesDown: 5600, end: "ERR_STREAM_STALLED" });
  entry.ended({ bytesUp: 1, bytesDown: 1, end: "ok" });
  await log.flush();
  const [file, start, open, end, ...more] = records();
  assert.deepEqual(more, []);
  assert.deepEqual(
    { ...file, hash: "" },
    {
      seq: 1,
      time: "2026-11-21T12:00:00.000Z",
      event: "file",
      version: 1,
      peer: LOG_IDENTITY.peerId,
      number: 1,
      prev: "0".repeat(64),
      oldest: 1,
      hash: "",
    },
  );
  assert.equal(start?.event, "start");
  assert.match(String(open?.nonce), /^[\w-]{12}$/);
  assert.match(String(open?.link), /^[\w-]{12}$/);
  const dialled = { address: "93.184.216.34", fromPort: 40_001 };
  const stream = { stream: 1, link: open?.link, protocol: "tcp", target: "example.org:443", ...dialled };
  assert.deepEqual(
    { ...open, nonce: "", hash: "" },
    { seq: 3, time: "2026-11-21T12:00:00.000Z", event: "open", nonce: "", ...stream, hash: "" },
  );
  const outcome = { bytesUp: 120, bytesDown: 5600, durationMs: 1500, result: "ERR_STREAM_STALLED" };
  assert.deepEqual(
    { ...end, nonce: "", hash: "" },
    { seq: 4, time: "2026-11-21T12:00:01.500Z", event: "end", nonce: "", ...stream, ...outcome, hash: "" },
  );
});

test("a dial that failed leaves a record, a refusal of policy none", async (t) => {
  const { log, records } = await openLog(t, new FakeClock(START_MS));
  const failure = { bytesUp: 0, bytesDown: 0 };
  log.begin(someStream("closed.example")).ended({ ...failure, end: "ERR_TARGET_REFUSED" });
  log.begin(someStream("taken-back.example")).ended({ ...failure, end: "ERR_ABORTED" });
  log.begin(someStream("forbidden.example")).ended({ ...failure, end: "ERR_POLICY_TARGET" });
  await log.flush();
  assert.deepEqual(
    records()
      .slice(2)
      .map(({ event, target, result }) => [event, target, result]),
    [
      ["fail", "closed.example:443", "ERR_TARGET_REFUSED"],
      ["fail", "taken-back.example:443", "ERR_ABORTED"],
    ],
  );
});

test("a next hop that was not there leaves a record, one that was never dialled none", async (t) => {
  const { log, records } = await openLog(t, new FakeClock(START_MS));
  const proof = { link: { id: 7 }, endpoint: { host: "2a00::1", port: 4433 }, durationMs: 31 };
  log.proofFailed({ ...proof, result: "ERR_HOP_TLS" });
  log.proofFailed({ ...proof, result: "ERR_TARGET_PROHIBITED" });
  log.proofFailed({ ...proof, result: "ERR_POLICY_PORT" });
  await log.flush();
  const [record, ...more] = records().slice(2);
  assert.deepEqual(more, []);
  assert.match(String(record?.nonce), /^[\w-]{12}$/);
  assert.match(String(record?.link), /^[\w-]{12}$/);
  assert.deepEqual(
    { ...record, nonce: "", link: "", hash: "" },
    {
      ...{ seq: 3, time: "2026-11-21T12:00:00.000Z", event: "proof", nonce: "", link: "" },
      ...{ target: "[2a00::1]:4433", durationMs: 31, result: "ERR_HOP_TLS", hash: "" },
    },
  );
});

test("links and payers have names that last a day and lead back to nobody", async (t) => {
  const clock = new FakeClock(START_MS);
  const { log, records, lines } = await openLog(t, clock);
  const payer = { id: 31_337, payer: "0xfeedface" };
  forward(log, someStream("a.example", { link: payer }));
  forward(log, someStream("b.example", { link: payer }));
  forward(log, someStream("c.example", { link: { id: 31_338, payer: undefined } }));
  for (let turn = 0; turn < 3; turn += 1) {
    clock.advance(11_000);
    await log.idle;
  }
  clock.advance(DAY_MS);
  forward(log, someStream("d.example", { link: payer }));
  await log.flush();
  const names = (host: string): readonly unknown[] => {
    const { link, payer } = records().find(({ target }) => target === `${host}:443`) ?? {};
    return [link, payer];
  };
  assert.deepEqual(names("a.example"), names("b.example"));
  assert.notEqual(names("a.example")[0], names("c.example")[0]);
  assert.equal(names("c.example")[1], undefined);
  assert.notEqual(names("a.example")[0], names("d.example")[0]);
  assert.notEqual(names("a.example")[1], names("d.example")[1]);
  assert.doesNotMatch(lines().join(""), /31337|31338|feedface/);
});

test("a target's name cannot make a record of its own, nor reach a terminal", async (t) => {
  const { log, lines, dataDirectory } = await openLog(t, new FakeClock(START_MS));
  const evil = `a","hash":"x"}\n{"seq":1}\r\u001b[2J\u009b\u2028é${"x".repeat(5000)}`.replaceAll(":", ".");
  forward(log, someStream(evil), "::1\n");
  await log.flush();
  assert.equal(lines().length, 4);
  for (const line of lines()) assert.match(line, /^[ -~]{1,1500}$/);
  const { target } = JSON.parse(lines()[2] ?? "") as { target: string };
  assert.equal(target.slice(0, 30), evil.slice(0, 30));
  assert.equal((await verifyLog(dataDirectory)).flawCount, 0);
});

test("records are handed to the system within 250 ms and signed within ten seconds", async (t) => {
  const clock = new FakeClock(START_MS);
  const { log, records } = await openLog(t, clock);
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms);
    // Waits for the work that the clock has begun, and does none itself.
    await log.idle;
  };
  forward(log);
  assert.equal(records().length, 2);
  await pass(250);
  assert.equal(records().length, 4);
  await pass(9_500);
  assert.notEqual(records().at(-1)?.event, "signature");
  await pass(750);
  assert.equal(records().at(-1)?.event, "signature");
  await pass(60_000);
  assert.equal(records().length, 5);
});

test("it begins again where it stopped, and says so", async (t) => {
  const { log, reopen, records, dataDirectory, logger } = await openLog(t, new FakeClock(START_MS));
  forward(log);
  await log.stop();
  await log.stop();
  const second = await reopen();
  forward(second);
  await second.stop();
  const events = ["open", "end", "stop", "signature"];
  assert.deepEqual(
    records().map(({ event }) => event),
    ["file", "start", ...events, "start", ...events],
  );
  const { flawCount, chains } = await verifyLog(dataDirectory, { peer: LOG_IDENTITY.peerId });
  assert.equal(flawCount, 0);
  assert.deepEqual([chains[0]?.records, chains[0]?.signatures, chains[0]?.unsigned], [11, 2, 0]);
  assert.deepEqual(logger.lines, []);
});

test("what a crash left of a record is cut, and the chain goes on with a word about it", async (t) => {
  const half = '{"seq":7,"time":"2026-11-21T12:00:';
  for (const [harm, cutBytes] of [
    [(path: string) => appendFileSync(path, half), half.length],
    [(path: string) => appendFileSync(path, `${"\0".repeat(100)}\n\0`), 102],
    [(path: string) => truncateSync(path, statSync(path).size - 1), undefined],
  ] as const) {
    const { log, reopen, records, directory, dataDirectory } = await openLog(t, new FakeClock(START_MS));
    // It names no record of which a crash may still take something.
    const head = readFileSync(headPath(directory));
    forward(log);
    await log.stop();
    const lastBytes = JSON.stringify(records().at(-1)).length;
    harm(join(directory, "00000001-2026-11-21.jsonl"));
    writeFileSync(headPath(directory), head);
    const second = await reopen();
    await second.stop();
    const resumed = records().find(({ event }) => event === "resumed");
    assert.equal(resumed?.cutBytes, cutBytes ?? lastBytes);
    assert.equal((await verifyLog(dataDirectory)).flawCount, 0);
  }
});

test("a flaw further up is left for verification to find", async (t) => {
  const { log, reopen, directory, dataDirectory } = await openLog(t, new FakeClock(START_MS));
  forward(log);
  await log.stop();
  const path = join(directory, "00000001-2026-11-21.jsonl");
  writeFileSync(path, readFileSync(path, "utf8").replace("example.org", "example.com"));
  const second = await reopen();
  forward(second);
  await second.stop();
  const { flaws } = await verifyLog(dataDirectory);
  assert.deepEqual(
    flaws.map(({ kind, line }) => [kind, line]),
    [["hash", 3]],
  );
});

test("a file of a megabyte is followed by another; the oldest go, and what stays verifies", async (t) => {
  const clock = new FakeClock(START_MS);
  const { log, directory, dataDirectory } = await openLog(t, clock, { mib: 4 });
  for (let round = 0; round < 60; round += 1) {
    for (let stream = 0; stream < 200; stream += 1) forward(log);
    await log.flush();
  }
  const names = readdirSync(directory).filter((name) => name.endsWith(".jsonl"));
  const sizes = names.map((name) => statSync(join(directory, name)).size);
  assert.ok(Math.max(...sizes) <= 1024 * 1024);
  assert.ok(sizes.reduce((sum, size) => sum + size, 0) <= 4 * 1024 * 1024);
  assert.ok(names.length >= 3 && !names.includes("00000001-2026-11-21.jsonl"), names.join());
  assert.equal(
    log.status().bytes,
    sizes.reduce((sum, size) => sum + size, 0),
  );
  const { flawCount, chains } = await verifyLog(dataDirectory);
  assert.equal(flawCount, 0);
  assert.ok((chains[0]?.firstSeq ?? 0) > 1);
});

test("each day has a file, also an idle one, and goes after its days", async (t) => {
  const clock = new FakeClock(START_MS);
  const { log, directory, dataDirectory } = await openLog(t, clock, { days: 3 });
  forward(log);
  for (let hour = 0; hour < 24 * 6; hour += 1) {
    clock.advance(3_600_000);
    await log.flush();
  }
  const names = readdirSync(directory).filter((name) => name.endsWith(".jsonl"));
  assert.deepEqual(
    names.map((name) => name.slice(9, 19)),
    ["2026-11-24", "2026-11-25", "2026-11-26", "2026-11-27"],
  );
  assert.equal((await verifyLog(dataDirectory)).flawCount, 0);
});

test("only its owner reads it, and only one process writes it", async (t) => {
  const clock = new FakeClock(START_MS);
  const { log, directory, reopen, logger } = await openLog(t, clock);
  chmodSync(directory, 0o755);
  const second = await reopen();
  assert.equal(second.status().state, "failing");
  assert.match(second.status().reason ?? "", /another process/);
  assert.match(logger.lines[0] ?? "", /^error .*another process/);
  await log.stop();
  clock.advance(5_000);
  await second.idle;
  assert.equal(second.status().state, "writing");
  assert.equal(statSync(directory).mode & 0o777, 0o700);
  for (const name of readdirSync(directory)) assert.equal(statSync(join(directory, name)).mode & 0o777, 0o600, name);
});

test("where the directory is taken away a required log refuses streams, keeps the ends, and opens by itself", async (t) => {
  const clock = new FakeClock(START_MS);
  const { log, directory, dataDirectory, logger, records } = await openLog(t, clock);
  const standing = log.begin(someStream("standing.example"));
  standing.opened("192.0.2.1");
  await log.flush();
  rmSync(directory, { recursive: true });
  forward(log, someStream("noticed.example"));
  await log.flush();
  assert.equal(log.status().state, "failing");
  assert.equal(log.failure?.code, "ERR_NODE_LOG");
  assert.throws(
    () => log.begin(someStream()),
    (error) => error instanceof BywayError && error.code === "ERR_NODE_LOG" && error.data.by === "log",
  );
  standing.ended({ bytesUp: 1, bytesDown: 2, end: "ok" });
  assert.equal(logger.lines.length, 1);
  assert.match(logger.lines[0] ?? "", /^error .*refuses streams.*remedy/);
  clock.advance(5_000);
  await log.idle;
  assert.deepEqual(log.status().state, "writing");
  assert.equal(log.failure, undefined);
  forward(log, someStream("after.example"));
  await log.flush();
  assert.deepEqual(
    records().map(({ event, target }) => target ?? event),
    ["file", "resumed", "standing.example:443", "after.example:443", "after.example:443"],
  );
  assert.equal((await verifyLog(dataDirectory)).flawCount, 0);
});

test("a best-effort log lets streams go on, and counts what it could not keep", async (t) => {
  const clock = new FakeClock(START_MS);
  const { log, directory, records, dataDirectory } = await openLog(t, clock, { required: false });
  rmSync(directory, { recursive: true });
  await log.flush();
  assert.equal(log.status().state, "failing");
  assert.equal(log.failure, undefined);
  for (let stream = 0; stream < 20_000; stream += 1) forward(log);
  const { lost } = log.status();
  assert.ok(lost > 0 && lost < 30_000, String(lost));
  clock.advance(5_000);
  await log.idle;
  assert.deepEqual(
    records()
      .slice(1, 3)
      .map(({ event, records: count }) => [event, count]),
    [
      ["resumed", undefined],
      ["lost", lost],
    ],
  );
  assert.equal(records().filter(({ event }) => event === "open" || event === "end").length, 40_000 - lost);
  assert.equal((await verifyLog(dataDirectory)).flawCount, 0);
});

test("a node with another key goes on in a file of its own", async (t) => {
  const clock = new FakeClock(START_MS);
  const { log, dataDirectory, directory } = await openLog(t, clock);
  forward(log);
  await log.stop();
  const { generateIdentity } = await import("../../identity/identity.ts");
  const other = generateIdentity();
  const next = await openLog(t, clock, { peerId: other.peerId, privateKey: other.privateKey }, dataDirectory);
  forward(next.log);
  await next.log.stop();
  assert.equal(readdirSync(directory).filter((name) => name.endsWith(".jsonl")).length, 2);
  const { flawCount, chains } = await verifyLog(dataDirectory);
  assert.equal(flawCount, 0);
  assert.deepEqual(chains[0]?.peers, [LOG_IDENTITY.peerId, other.peerId]);
  assert.equal((await verifyLog(dataDirectory, { peer: other.peerId })).flaws[0]?.kind, "peer");
});
