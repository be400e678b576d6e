import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { temporaryDirectory } from "../../../test/support/run-byway.ts";
import { type Random, seededRandom } from "../../core/random.ts";
import { loadOrCreateIdentity } from "../../identity/key-file.ts";
import { recordFields } from "./log-record.ts";
import { verifyLog } from "./verify-log.ts";

const WRITER = fileURLToPath(new URL("../../../test/support/log-writer.ts", import.meta.url));
const LOGS = 10;
const KILLS_OF_ONE = 5;
const AT_A_TIME = 2;
/** Processes are dear: each writes several logs, and all of them are cut off at once. */
const ROUNDS = 200 / (LOGS * KILLS_OF_ONE);

/** Starts a writer, lets it write so many rounds, and kills it in the middle of the next; what it said was safe. */
async function killOne(t: TestContext, args: readonly string[], cache: string, rounds: number): Promise<number> {
  const child = spawn(process.execPath, [WRITER, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
    // Hundreds are started: with this, in half the time.
    env: { ...process.env, NODE_COMPILE_CACHE: cache },
  });
  t.after(() => child.kill("SIGKILL"));
  let safe = 0;
  let lines = 0;
  const closed = once(child, "close");
  const output = createInterface({ input: child.stdout });
  output.on("line", (line) => {
    safe = Number(line);
    lines += 1;
    if (lines > rounds) child.kill("SIGKILL");
  });
  const [, signal] = (await closed) as [number | null, string | null];
  assert.equal(signal, "SIGKILL");
  return safe;
}

/** Has some logs bear their kills; how many of them left half a record. */
async function killOften(t: TestContext, cache: string, random: Random): Promise<number> {
  const dataDirectory = temporaryDirectory(t);
  const directories = Array.from({ length: LOGS }, (_, log) => join(dataDirectory, "accountability", String(log)));
  const keyFile = join(dataDirectory, "identity.pem");
  const { peerId } = await loadOrCreateIdentity(keyFile);
  const lastSeqs = new Map<string, number>();
  let torn = 0;
  for (let kill = 0; kill < KILLS_OF_ONE; kill += 1) {
    const safe = await killOne(t, [keyFile, ...directories], cache, Math.floor(random.float() * 3));
    const written = new Map<string, number>();
    const { chains, flaws } = await verifyLog(dataDirectory, { peer: peerId }, (chain) => (record) => {
      if (record.event === "start" || record.event === "resumed") written.set(chain, 0);
      if ("body" in record && record.event === "end") written.set(chain, Number(recordFields(record).stream));
    });
    assert.deepEqual(flaws, []);
    assert.equal(chains.length, LOGS);
    for (const { name, lastSeq = 0, notes } of chains) {
      assert.ok((written.get(name) ?? 0) >= safe, `${written.get(name)} of ${safe} streams`);
      assert.ok(lastSeq > (lastSeqs.get(name) ?? 0), "no record that was verified once is gone");
      lastSeqs.set(name, lastSeq);
      torn += notes.length;
    }
  }
  return torn;
}

test("200 logs whose writer is killed in the middle of writing: what was on the disk stays, and all are in order", async (t) => {
  const seed = Date.now();
  t.diagnostic(`seed ${seed}`);
  const random = seededRandom(seed);
  const cache = temporaryDirectory(t);
  let left = ROUNDS;
  let torn = 0;
  const killInTurn = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      torn += await killOften(t, cache, random);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, killInTurn));
  t.diagnostic(`${torn} of them ended with half a record`);
});
