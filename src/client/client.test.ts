import assert from "node:assert/strict";
import { existsSync, readdirSync, readlinkSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import { CountingClock } from "../../test/support/counting-clock.ts";
import { controlPath } from "../api/control-path.ts";
import type { Clock } from "../core/clock.ts";
import type { ErrorCode } from "../core/error-table.ts";
import { silentLogger } from "../core/logger.ts";
import type { HostPort } from "../core/network-address.ts";
import { SessionTable } from "../routing/session-table.ts";
import { RecordFile } from "../storage/record-file.ts";
import { type BywayClient, createClient } from "./client.ts";
import type { ClientOptions } from "./client-options.ts";

/** The files of `directory` that this process has open. */
function openIn(directory: string): readonly string[] {
  if (!existsSync("/proc/self/fd")) return [];
  return readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`);
      return path.startsWith(directory) ? [path] : [];
    } catch {
      return [];
    }
  });
}

suite("a client that cannot be made", () => {
  const listen: HostPort = { host: "127.0.0.1", port: 0 };
  const cases: readonly (readonly [string, ErrorCode, (directory: string, taken: HostPort) => ClientOptions])[] = [
    ["a records file that is a directory", "ERR_STORE", (directory) => ({ recordsPath: directory })],
    [
      "peers files that are missing",
      "ERR_PEER_FILE",
      (directory) => ({ recordsPath: join(directory, "records.db"), peerFiles: [join(directory, "none")] }),
    ],
    [
      "a second listener whose port is taken",
      "ERR_LISTEN_IN_USE",
      (directory, taken) => ({ recordsPath: join(directory, "records.db"), listen, listeners: [{ listen: taken }] }),
    ],
  ];
  for (const [what, code, optionsOf] of cases) {
    test(`leaves no timer and no file open: ${what}`, async (t) => {
      const directory = await mkdtemp(join(tmpdir(), "byway-client-"));
      t.after(() => rm(directory, { recursive: true }));
      const other = createServer();
      await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
      t.after(() => other.close());
      const address = other.address();
      assert.ok(address !== null && typeof address === "object");
      const clock = new CountingClock();
      const options = optionsOf(directory, { host: "127.0.0.1", port: address.port });
      const more = { clock, directory: { storePath: join(directory, "peers.db") } };
      await assert.rejects(createClient({ ...options, ...more }), { code });
      assert.equal(clock.pending, 0);
      assert.deepEqual(openIn(directory), []);
    });
  }
});

test("a second client with one data directory opens none of its files", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "byway-client-"));
  t.after(() => rm(directory, { recursive: true }));
  const options = { controlPath: controlPath(directory, "control") };
  const first = await createClient(options);
  t.after(() => first.stop());
  const second = { ...options, recordsPath: join(directory, "records.db") };
  await assert.rejects(createClient(second), { code: "ERR_CONTROL" });
  assert.ok(!existsSync(second.recordsPath));
  await first.stop();
  await (await createClient(second)).stop();
});

test("a start with the clock ahead forgets no guard, session or experience", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "byway-client-"));
  t.after(() => rm(directory, { recursive: true }));
  const recordsPath = join(directory, "records.db");
  const clock = new CountingClock();
  const wall = { aheadMs: 0 };
  const moved: Clock = {
    nowMs: () => clock.nowMs() + wall.aheadMs,
    monotonicMs: () => clock.monotonicMs(),
    after: (delayMs, run) => clock.after(delayMs, run),
    every: (periodMs, run) => clock.every(periodMs, run),
  };
  await (await createClient({ clock: moved, recordsPath })).stop();
  const kinds = ["session", "guards", "experience"] as const;
  const read = (): readonly unknown[] => {
    const file = new RecordFile({ clock, logger: silentLogger }, { path: recordsPath });
    const found = kinds.map((kind) => [...file.load(kind)]);
    file.stop();
    return found;
  };
  const now = clock.nowMs();
  const file = new RecordFile({ clock, logger: silentLogger }, { path: recordsPath });
  const sessions = new SessionTable({ clock, records: file });
  const key = { user: "ann", session: "a", listener: "", constraints: "" };
  sessions.find(key, { sessionSec: 600, strict: false });
  sessions.hold(key, { peerId: "x" });
  file.put("guards", "sample", { drawn: [], guards: [["g", now, 5_000_000_000, now]] });
  file.put("experience", "n", [10, 0, now, 0, 0, 0, 0, 0]);
  file.stop();
  const before = read();
  assert.deepEqual(
    before.map((records) => (records as readonly unknown[]).length),
    [1, 1, 1],
  );
  wall.aheadMs = 400 * 86_400_000;
  await (await createClient({ clock: moved, recordsPath })).stop();
  assert.deepEqual(read(), before);
});

test("a client stops once, however often it is told to, and keeps no timer", async () => {
  const clock = new CountingClock();
  const client = await createClient({ clock, listen: { host: "127.0.0.1", port: 0 } });
  await Promise.all([client.stop(), client.stop()]);
  await client.stop();
  assert.equal(clock.pending, 0);
});

test("the library refuses constraints that contradict each other, as the proxy does", async (t) => {
  const client = await createClient();
  t.after(() => client.stop());
  const target: HostPort = { host: "192.0.2.1", port: 443 };
  for (const constraints of [{ strict: true }, { stickyAsn: true }, { hops: 1, preset: "private" }] as const) {
    await assert.rejects(client.connect(target, constraints), { code: "ERR_PARAMETER_CONFLICT" });
    assert.throws(() => client.explain(constraints), { code: "ERR_PARAMETER_CONFLICT" });
  }
});

test("a client's options that mean nothing are refused, and defaults may be text", async () => {
  const create = createClient as (options: unknown) => Promise<BywayClient>;
  const cases: readonly (readonly [unknown, ErrorCode])[] = [
    [{ bootstrap: [] }, "ERR_USAGE_ARGUMENT"],
    [{ directory: { bootstraps: [] } }, "ERR_USAGE_ARGUMENT"],
    [{ directory: "demo" }, "ERR_USAGE_ARGUMENT"],
    [{ listeners: [{ listen: { host: "127.0.0.1", port: 0 }, select: "country-de" }] }, "ERR_USAGE_ARGUMENT"],
    [null, "ERR_USAGE_ARGUMENT"],
    ["demo", "ERR_USAGE_ARGUMENT"],
    [{ defaults: "contry-de" }, "ERR_PARAMETER_UNKNOWN"],
    [{ defaults: { country: "de" } }, "ERR_PARAMETER_UNKNOWN"],
    [{ listeners: [{ listen: { host: "127.0.0.1", port: 0 }, defaults: { hops: "3" } }] }, "ERR_PARAMETER_VALUE"],
  ];
  for (const [options, code] of cases) await assert.rejects(create(options), { name: "BywayError", code });
  const client = await createClient({ defaults: "country-de" });
  assert.throws(() => client.explain(), { code: "ERR_NO_NODE" });
  assert.throws(() => client.explain("strict"), { code: "ERR_PARAMETER_CONFLICT" });
  await client.stop();
});
