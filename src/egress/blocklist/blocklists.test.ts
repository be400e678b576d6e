import assert from "node:assert/strict";
import { mkdtemp, readdir, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import { RecordingLogger } from "../../../test/support/recording-logger.ts";
import { FakeClock } from "../../core/fake-clock.ts";
import { seededRandom } from "../../core/random.ts";
import { MINUTE_MS } from "../../core/units.ts";
import { type BlocklistOptions, Blocklists } from "./blocklists.ts";
import { BLOCKLIST_LIMITS } from "./limits.ts";

interface Fixture {
  readonly lists: Blocklists;
  readonly clock: FakeClock;
  readonly logger: RecordingLogger;
  /** Lets `ms` pass and waits until a list was read after it. */
  pass(ms: number): Promise<void>;
}

function fixture(t: TestContext, lists: readonly BlocklistOptions[]): Fixture {
  const clock = new FakeClock(Date.now());
  const logger = new RecordingLogger();
  let changed = (): void => {};
  const components = { clock, logger, random: seededRandom(1), onChange: () => changed() };
  const blocklists = new Blocklists(components, { lists });
  t.after(() => blocklists.stop());
  const pass = async (ms: number): Promise<void> => {
    const change = new Promise<void>((resolve) => {
      changed = resolve;
    });
    clock.advance(ms);
    await change;
  };
  return { lists: blocklists, clock, logger, pass };
}

async function directory(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "byway-lists-"));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** Lines `n0.example` and so on. */
function names(count: number): string {
  return Array.from({ length: count }, (_, i) => `n${i}.example\n`).join("");
}

test("targets on a list of a file are found, with the list and the entry, except those that the operator excepts", async (t) => {
  const path = join(await directory(t), "list.gz");
  await writeFile(path, gzipSync("evil.example\n0.0.0.0 one.example\n192.0.2.0/24\n2001:db8::/32\nbad line here\n"));
  const { lists, clock } = fixture(t, [
    { name: "empty", source: "/dev/null/x" },
    { name: "mine", source: path, except: ["good.evil.example", "192.0.2.128/25", "*.Bücher.example"] },
  ]);
  assert.deepEqual(lists.missing, ["empty", "mine"]);
  assert.equal(lists.matchName("evil.example"), undefined);
  await lists.start();
  assert.deepEqual(lists.missing, ["empty"]);
  assert.deepEqual(lists.matchName("a.evil.example"), { list: "mine", entry: "evil.example" });
  assert.deepEqual(lists.matchName("one.example"), { list: "mine", entry: "one.example" });
  assert.deepEqual(lists.matchAddress("192.0.2.7"), { list: "mine", entry: "192.0.2.0/24" });
  assert.deepEqual(lists.matchAddress("2001:db8::7"), { list: "mine", entry: "2001:db8::/32" });
  for (const name of ["good.evil.example", "a.good.evil.example", "a.one.example", "example", "192.0.2.7"])
    assert.equal(lists.matchName(name), undefined, name);
  for (const address of ["192.0.2.200", "192.0.3.1", "2001:db9::", "evil.example"])
    assert.equal(lists.matchAddress(address), undefined, address);
  assert.deepEqual(lists.status(), [
    { name: "empty", state: "missing", entries: 0, unread: 0, reason: "the list cannot be read (ENOTDIR)" },
    { name: "mine", state: "loaded", entries: 4, unread: 1, loadedAt: new Date(clock.nowMs()).toISOString() },
  ]);
});

test("an exception that is neither a name nor a range is told at once", () => {
  const make = (): Blocklists =>
    new Blocklists(
      { clock: new FakeClock(), logger: new RecordingLogger() },
      { lists: [{ name: "mine", source: "x", except: ["not a name"] }] },
    );
  assert.throws(make, { code: "ERR_CONFIG_VALUE", message: /"not a name" of the blocklist mine/ });
});

test("a file that changed is read within a minute, and one that went away is stale until it is back", async (t) => {
  const path = join(await directory(t), "list");
  await writeFile(path, "a.example\n");
  const { lists, pass } = fixture(t, [{ name: "mine", source: path }]);
  await lists.start();
  await writeFile(path, "b.example\nc.example\n");
  await pass(MINUTE_MS);
  assert.deepEqual([lists.matchName("a.example"), lists.matchName("b.example")?.list], [undefined, "mine"]);
  await rename(path, `${path}.away`);
  await pass(MINUTE_MS);
  assert.deepEqual(
    lists.status().map(({ state, entries, reason }) => [state, entries, reason]),
    [["stale", 2, "the list cannot be read (ENOENT)"]],
  );
  assert.ok(lists.matchName("b.example"));
  await rename(`${path}.away`, path);
  await pass(MINUTE_MS);
  assert.equal(lists.status()[0]?.state, "loaded");
});

test("a file that loses more than half of its entries is kept as it was, until the operator asks", async (t) => {
  const path = join(await directory(t), "list");
  await writeFile(path, names(1_000));
  const { lists, pass, logger } = fixture(t, [{ name: "mine", source: path }]);
  await lists.start();
  await writeFile(path, names(499));
  await pass(MINUTE_MS);
  const [status] = lists.status();
  assert.equal(status?.state, "stale");
  assert.equal(status.reason, "the list has shrunk from 1000 entries to 499");
  assert.ok(lists.matchName("n999.example"));
  assert.match(logger.lines.join("\n"), /^warn a blocklist could not be refreshed .*"list":"mine","state":"stale"/m);
  assert.equal((await lists.reload())[0]?.state, "loaded");
  assert.equal(lists.matchName("n999.example"), undefined);
});

test("a file of half as many entries is read, and a short list may lose most of them", async (t) => {
  const path = join(await directory(t), "list");
  await writeFile(path, names(180));
  const { lists, pass } = fixture(t, [{ name: "mine", source: path }]);
  await lists.start();
  await writeFile(path, names(90));
  await pass(MINUTE_MS);
  await writeFile(path, names(1));
  await pass(MINUTE_MS);
  assert.deepEqual(
    lists.status().map(({ state, entries }) => [state, entries]),
    [["loaded", 1]],
  );
});

test("a file that is an HTML page, a directory or a pipe is no list", async (t) => {
  const base = await directory(t);
  await writeFile(join(base, "page"), "<html><body>example.com</body></html>");
  const { lists } = fixture(t, [
    { name: "page", source: join(base, "page") },
    { name: "directory", source: base },
    { name: "device", source: "/dev/zero" },
  ]);
  await lists.start();
  assert.deepEqual(
    lists.status().map(({ reason }) => reason),
    ["the list is an HTML page", "the list is no file", "the list is no file"],
  );
  assert.equal(lists.missing.length, 3);
});

test("a file with the same time and size is not read again before its refresh is due", async (t) => {
  const path = join(await directory(t), "list");
  await writeFile(path, "a.example\n");
  await utimes(path, 1_000, 1_000);
  const { lists, clock, pass } = fixture(t, [{ name: "mine", source: path, refreshHours: 2 }]);
  await lists.start();
  await writeFile(path, "b.example\n");
  await utimes(path, 1_000, 1_000);
  clock.advance(MINUTE_MS);
  await stat(path);
  assert.ok(lists.matchName("a.example"));
  await pass(3 * 3_600_000);
  assert.ok(lists.matchName("b.example"));
});

test("lists that are stopped while they load end, and nothing waits for time", async (t) => {
  const path = join(await directory(t), "list");
  await writeFile(path, names(200_000));
  const { lists, clock } = fixture(t, [{ name: "mine", source: path }]);
  const started = lists.start();
  await lists.stop();
  await started;
  assert.equal(clock.pending, 0);
  assert.deepEqual(await lists.reload(), lists.status());
  assert.deepEqual(await readdir(join(path, "..")), ["list"]);
});

test("a reload that is taken back ends with the reason", async (t) => {
  const { lists } = fixture(t, [{ name: "mine", source: "/nonexistent" }]);
  await lists.start();
  await assert.rejects(lists.reload(AbortSignal.abort()), { code: "ERR_ABORTED" });
});

for (const [what, limit, most] of [
  ["entries", BLOCKLIST_LIMITS.entries, 100],
  ["names", BLOCKLIST_LIMITS.nameBytes, 1.5 * 1024 * 1024],
] as const) {
  test(`${what} are bounded over all lists: one that finds no room is missing, and the others count`, async (t) => {
    t.mock.property(limit, "value", most);
    const folder = await directory(t);
    const [first, second] = [join(folder, "first"), join(folder, "second")];
    await writeFile(first, names(60));
    await writeFile(second, names(60).replaceAll("n", "m"));
    const { lists } = fixture(t, [
      { name: "first", source: first },
      { name: "second", source: second },
    ]);
    await lists.start();
    assert.deepEqual(lists.missing, ["second"]);
    assert.equal(lists.matchName("n0.example")?.list, "first");
    assert.match(lists.status()[1]?.reason ?? "", /has more .*(room for|memory for)/);
  });
}
