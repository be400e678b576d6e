import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { Command } from "commander";
import { forward, LOG_IDENTITY, openLog, someStream } from "../../../test/support/logged-streams.ts";
import { type RunResult, runByway, temporaryDirectory } from "../../../test/support/run-byway.ts";
import { systemClock } from "../../core/clock.ts";
import type { AccountabilityLog } from "../../egress/accountability/accountability-log.ts";
import { identityToPem } from "../../identity/identity.ts";
import type { Terminal } from "../terminal.ts";
import { readTime } from "../time-option.ts";
import { registerNodeReport } from "./node-report.ts";

interface Operated {
  readonly dataDirectory: string;
  readonly path: string;
  readonly log: AccountabilityLog;
  run(...args: readonly string[]): Promise<RunResult>;
}

/** The data directory of a node that runs, and has forwarded three streams. */
async function operate(t: TestContext): Promise<Operated> {
  const { log, dataDirectory, directory } = await openLog(t, systemClock);
  writeFileSync(join(dataDirectory, "identity.pem"), identityToPem(LOG_IDENTITY), { mode: 0o600 });
  for (const host of ["victim.example", "others.example", "victim.example"]) forward(log, someStream(host));
  await log.flush();
  const [name = ""] = readdirSync(directory).filter((file) => file.endsWith(".jsonl"));
  return {
    dataDirectory,
    log,
    path: join(directory, name),
    run: (...args) => runByway(t, [...args, "--data", dataDirectory]),
  };
}

test("log verify says what is there while the node writes, and names the place of a flaw", async (t) => {
  const { run, path } = await operate(t);
  const good = await run("log", "verify");
  assert.equal(good.code, 0, good.stderr);
  assert.match(good.stdout, /in order.*\n\nchain +files +records/);
  assert.match(good.stdout, /^0 +1 +8 +0 +8 +20/m);
  assert.match(good.stdout, /put back to an earlier state together with its head record/);
  const { verdict } = JSON.parse((await run("log", "verify", "--json")).stdout) as {
    verdict: { chains: readonly { records: number }[] };
  };
  assert.equal(verdict.chains[0]?.records, 8);

  writeFileSync(path, readFileSync(path, "utf8").replace("others.example", "others.invalid"));
  const flawed = await run("log", "verify");
  assert.equal(flawed.code, 65);
  assert.match(flawed.stderr, /\.jsonl, line 5 \(byte \d+\): record 5 .*\(ERR_LOG_FLAW\)\n {2}Do not hand/);
});

test("log export hands over what verifies by itself, and another node's log is told", async (t) => {
  const { run, dataDirectory } = await operate(t);
  const output = join(dataDirectory, "handed-over.jsonl");
  const done = await run("log", "export", "--from", "1h", "--target", "victim.example:443", "--output", output);
  assert.equal(done.code, 0, done.stderr);
  assert.match(done.stdout, /^8 records, 2 of them as hashes only\. The last ones have no signature yet/);
  assert.doesNotMatch(readFileSync(output, "utf8"), /others\.example/);
  assert.equal((await run("log", "verify", "--file", output, "--peer", LOG_IDENTITY.peerId)).code, 0);
  const again = await run("log", "export", "--from", "1h", "--output", output);
  assert.equal(again.code, 64);
  assert.match(again.stderr, /is there already: --output makes a new file/);
  const late = await run("log", "export", "--from", "2020-01-01", "--to", "2020-01-02");
  assert.deepEqual([late.code, late.stdout], [0, ""]);
  assert.match(late.stderr, /Nothing was logged/);
  assert.equal((await run("log", "export", "--from", "yesterday")).code, 64);
});

test("an export that fails leaves no file", async (t) => {
  const { run, path, dataDirectory } = await operate(t);
  writeFileSync(path, readFileSync(path, "utf8").replace("others.example", "others.invalid"));
  const output = join(dataDirectory, "handed-over.jsonl");
  assert.equal((await run("log", "export", "--from", "1h", "--output", output)).code, 65);
  assert.ok(!existsSync(output));
});

test("there is nothing to verify or to hand over where no node ran", async (t) => {
  const dataDirectory = temporaryDirectory(t);
  for (const command of [["verify"], ["export", "--from", "1h"]]) {
    const { code, stderr } = await runByway(t, ["log", ...command, "--data", dataDirectory]);
    assert.equal(code, 64);
    assert.match(stderr, /no accountability log in/);
  }
  assert.ok(!existsSync(join(dataDirectory, "accountability")));
});

test("node report tells an abuse desk what was forwarded to one target, and nothing of others", async (t) => {
  const { dataDirectory, path, log } = await operate(t);
  const report = async (...args: readonly string[]): Promise<string> => {
    let text = "";
    const terminal: Terminal = {
      writeOut: (more) => {
        text += more;
      },
      writeError: () => {},
      endWith: () => {},
      clock: systemClock,
      errorIsTty: false,
      environment: { BYWAY_NODE_EXIT: "true", BYWAY_NODE_CONTACT: "abuse@operator.example" },
      homeDirectory: dataDirectory,
      beginService: () => {},
      onHangup: () => {},
      readerGone: new Promise(() => {}),
      stopRequest: new Promise(() => {}),
    };
    const program = new Command("byway").option("--json").exitOverride();
    registerNodeReport(program.command("node"), terminal);
    await program.parseAsync(["node", "report", "--data", dataDirectory, ...args], { from: "user" });
    return text;
  };
  const text = await report("--target", "victim.example");
  assert.match(text, new RegExp(`^Byway node ${LOG_IDENTITY.peerId}, written 20`));
  assert.match(text, /Roles by its configuration: exit\./);
  assert.match(text, /^ {2}reject mail$/m);
  assert.match(text, /2 streams, 0 of which failed; 240 bytes to the target, 11200 from it/);
  assert.match(text, /Z +tcp +victim\.example:443 +93\.184\.216\.34 +40001 +120 +5600 +ok$/m);
  assert.match(text, /was verified just now: 8 records/);
  assert.match(text, /keeps none of these/);
  assert.match(text, /abuse@operator\.example/);
  assert.doesNotMatch(text, /others\.example|connection to see/);
  const endpoint = { host: "198.51.100.7", port: 22 };
  log.proofFailed({ link: { id: 1 }, endpoint, durationMs: 5, result: "ERR_HOP_UNREACHABLE" });
  await log.flush();
  const proof = await report("--target", "198.51.100.7");
  assert.match(
    proof,
    /0 streams, .*\n {2}1 connection to see whether a node of the network was there, which carried nothing/,
  );
  assert.match(proof, /Z +proof +198\.51\.100\.7:22 +- +- +- +- +ERR_HOP_UNREACHABLE$/m);
  assert.doesNotMatch(await report(), /victim\.example|others\.example/);
  const { report: value } = JSON.parse(await report("--json")) as { report: { streams: { streams: number } } };
  assert.equal(value.streams.streams, 3);
  writeFileSync(path, readFileSync(path, "utf8").replace("others.example", "others.invalid"));
  assert.match(await report(), /LOG IS FLAWED.*line 5/);
});

test("times are read as ISO 8601 in UTC, or as how long ago", () => {
  const nowMs = Date.parse("2026-11-21T12:00:00Z");
  const read = (text: string): string => new Date(readTime(text, nowMs)).toISOString();
  assert.equal(read("2d"), "2026-11-19T12:00:00.000Z");
  assert.equal(read("90m"), "2026-11-21T10:30:00.000Z");
  assert.equal(read("2026-11-20"), "2026-11-20T00:00:00.000Z");
  assert.equal(read("2026-11-20T14:30"), "2026-11-20T14:30:00.000Z");
  assert.equal(read("2026-11-20T14:30:15.5+02:00"), "2026-11-20T12:30:15.500Z");
  for (const text of ["", "2", "-1d", "2026-13-01", "2026-11-20 14:30", "now"]) {
    assert.throws(() => read(text), { code: "ERR_USAGE_ARGUMENT" }, text);
  }
});
