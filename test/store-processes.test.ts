import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { FakeClock } from "../src/core/fake-clock.ts";
import { seededRandom } from "../src/core/random.ts";
import { PeerStore } from "../src/peers/peer-store.ts";
import { GuardSet } from "../src/routing/guard-set.ts";
import { SessionTable } from "../src/routing/session-table.ts";
import { RecordFile } from "../src/storage/record-file.ts";
import { OwnExperience } from "../src/trust/own-experience.ts";
import { numberedPeer } from "./support/peer-entries.ts";
import { RecordingLogger } from "./support/recording-logger.ts";
import { temporaryDirectory } from "./support/run-byway.ts";

const STORE_WRITER = fileURLToPath(new URL("support/store-writer.ts", import.meta.url));
const RECORD_WRITER = fileURLToPath(new URL("support/record-writer.ts", import.meta.url));

interface Writer {
  readonly child: ChildProcess;
  /** The last number that it said, whenever it is asked. */
  readonly said: () => number;
  /** Settles when it has said so many numbers. */
  readonly after: (lines: number) => Promise<void>;
}

function startWriter(t: TestContext, program: string, ...args: readonly string[]): Writer {
  const child = spawn(process.execPath, [program, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  let said = 0;
  let lines = 0;
  const waiting = new Map<number, () => void>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    said = Number(line);
    lines += 1;
    waiting.get(lines)?.();
  });
  return {
    child,
    said: () => said,
    after: (number) => new Promise((resolve) => waiting.set(number, resolve)),
  };
}

test("ten times killed in the middle of writing: nothing that was said is lost, nothing is half written", async (t) => {
  const path = join(temporaryDirectory(t), "directory.sqlite");
  let least = 0;
  for (let round = 0; round < 10; round++) {
    const writer = startWriter(t, STORE_WRITER, path, "0", String(least + 1));
    await writer.after(3 + round * 7);
    writer.child.kill("SIGKILL");
    await once(writer.child, "close");
    assert.ok(writer.said() > least);
    least = writer.said();

    const logger = new RecordingLogger();
    const store = new PeerStore({ clock: new FakeClock(), random: seededRandom(1), logger }, { path });
    const found = new Set(store.query({}, { limit: 100, order: "recent" }).map(({ seq }) => seq));
    assert.equal(store.size, 50);
    assert.equal(found.size, 1, "all 50 of one transaction or none");
    least = [...found][0] ?? 0;
    assert.ok(least >= writer.said());
    store.close();
    assert.deepEqual(logger.lines, []);
    const database = new DatabaseSync(path);
    assert.deepEqual({ ...database.prepare("PRAGMA integrity_check").get() }, { integrity_check: "ok" });
    database.close();
  }
});

test("four processes that open a new file at once and write at once all get what they wrote into it", async (t) => {
  const path = join(temporaryDirectory(t), "directory.sqlite");
  const writers = [0, 100, 200, 300].map((first) => startWriter(t, STORE_WRITER, path, String(first), "1", "40"));
  const codes = await Promise.all(writers.map(async ({ child }) => (await once(child, "close"))[0] as unknown));
  assert.deepEqual(codes, [0, 0, 0, 0]);
  const logger = new RecordingLogger();
  const store = new PeerStore({ clock: new FakeClock(), random: seededRandom(1), logger }, { path });
  assert.equal(store.size, 200);
  for (const number of [0, 149, 249, 349]) assert.equal(store.get(numberedPeer(number))?.seq, 40);
  assert.deepEqual(logger.lines, []);
  store.close();
});

test("a client that is killed five times keeps sessions, trust and guards, all of them of the same moment", async (t) => {
  const path = join(temporaryDirectory(t), "client.sqlite");
  let written = 0;
  for (let kill = 0; kill < 5; kill++) {
    const writer = startWriter(t, RECORD_WRITER, path, String(written + 1));
    await writer.after(3 + kill * 5);
    writer.child.kill("SIGKILL");
    await once(writer.child, "close");
    assert.ok(writer.said() > written);

    const logger = new RecordingLogger();
    const clock = new FakeClock();
    const records = new RecordFile({ clock, logger }, { path });
    const trust = new OwnExperience({ clock, records });
    const sessions = new SessionTable({ clock, records });
    assert.equal(sessions.size, trust.size, "what was put in one second was written together");
    assert.ok(sessions.size >= writer.said());
    written = sessions.size;
    for (let round = 1; round <= written; round++) {
      const key = { user: "ann", session: `s${round}`, listener: "", constraints: "" };
      assert.equal(sessions.find(key, { sessionSec: 86_400, strict: true }).exit, `exit${round}`);
      assert.equal(trust.expectedMs(`exit${round}`), round * 3);
    }
    const guards = new GuardSet({ clock, random: seededRandom(2), records });
    const offered = guards.guards({ draw: () => "another", isListed: () => true });
    assert.deepEqual(offered.toSorted(), ["guard0", "guard1", "guard2"]);
    records.stop();
    assert.deepEqual(logger.lines, []);
  }
});
