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
import { PeerStore } from "../src/directory/peer-store.ts";
import { numberedPeer } from "./support/peer-entries.ts";
import { RecordingLogger } from "./support/recording-logger.ts";
import { temporaryDirectory } from "./support/run-byway.ts";

const WRITER = fileURLToPath(new URL("support/store-writer.ts", import.meta.url));

interface Writer {
  readonly child: ChildProcess;
  /** The last number that it said, whenever it is asked. */
  readonly said: () => number;
  /** Settles when it has said so many numbers. */
  readonly after: (lines: number) => Promise<void>;
}

function startWriter(t: TestContext, ...args: readonly string[]): Writer {
  const child = spawn(process.execPath, [WRITER, ...args], { stdio: ["ignore", "pipe", "inherit"] });
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
    const writer = startWriter(t, path, "0", String(least + 1));
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
  const writers = [0, 100, 200, 300].map((first) => startWriter(t, path, String(first), "1", "40"));
  const codes = await Promise.all(writers.map(async ({ child }) => (await once(child, "close"))[0] as unknown));
  assert.deepEqual(codes, [0, 0, 0, 0]);
  const logger = new RecordingLogger();
  const store = new PeerStore({ clock: new FakeClock(), random: seededRandom(1), logger }, { path });
  assert.equal(store.size, 200);
  for (const number of [0, 149, 249, 349]) assert.equal(store.get(numberedPeer(number))?.seq, 40);
  assert.deepEqual(logger.lines, []);
  store.close();
});
