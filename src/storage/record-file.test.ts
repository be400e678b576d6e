import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import { type StoreSite, storeSite } from "../../test/support/store-site.ts";
import { STORAGE_LIMITS } from "./limits.ts";
import { RecordFile, type RecordFileOptions } from "./record-file.ts";
import { recordKeeperCompliance } from "./record-keeper.compliance.ts";

function site(t: TestContext): StoreSite<RecordFile, RecordFileOptions> {
  return storeSite(t, {
    file: "client.sqlite",
    open: (components, path, options) => new RecordFile(components, { path, ...options }),
    close: (file) => file.stop(),
  });
}

/** What another process would find in the file. */
function written(path: string, kind: string): readonly string[] {
  const database = new DatabaseSync(path);
  const rows = database.prepare("SELECT key || '=' || json AS line FROM records WHERE kind = ?").all(kind);
  database.close();
  return rows.map(({ line }) => String(line));
}

recordKeeperCompliance("a file of records", (t) => site(t).open());

test("what was put is there after opening again, and only the owner may read it", (t) => {
  const { folder, open } = site(t);
  const first = open();
  first.put("a", "x", [1]);
  first.put("a", "y", 2);
  first.remove("a", "y");
  for (const name of readdirSync(folder)) assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name);
  first.stop();
  assert.deepEqual([...open().load("a")], [["x", [1]]]);
});

test("changes wait a second for each other, and are written once", (t) => {
  const { path, clock, open } = site(t);
  const records = open();
  records.put("a", "x", 1);
  clock.advance(STORAGE_LIMITS.recordFlushMs.value - 1);
  records.put("a", "x", 2);
  records.put("a", "y", 3);
  assert.deepEqual(written(path, "a"), []);
  clock.advance(1);
  assert.deepEqual(written(path, "a"), ["x=2", "y=3"]);
  assert.equal(clock.pending, 0);
  records.remove("a", "x");
  clock.advance(STORAGE_LIMITS.recordFlushMs.value);
  assert.deepEqual(written(path, "a"), ["y=3"]);
});

test("what was written once is not written again, over what another process wrote since", (t) => {
  const { path, clock, open } = site(t);
  const records = open();
  records.put("a", "x", 1);
  clock.advance(STORAGE_LIMITS.recordFlushMs.value);
  const other = new DatabaseSync(path);
  other.exec("UPDATE records SET json = '7' WHERE key = 'x'");
  other.close();
  records.put("a", "y", 2);
  assert.deepEqual(Object.fromEntries(records.load("a")), { x: 7, y: 2 });
});

test("a stopped file keeps nothing more, and throws nothing", (t) => {
  const { path, clock, open } = site(t);
  const records = open();
  records.put("a", "x", 1);
  records.stop();
  records.stop();
  records.put("a", "y", 2);
  records.remove("a", "x");
  assert.equal(clock.pending, 0);
  assert.deepEqual(written(path, "a"), ["x=1"]);
  assert.throws(() => [...records.load("a")], { code: "ERR_STOPPED" });
});

test("while another process holds the file, changes wait; that is said once, and they are found meanwhile", (t) => {
  const { path, clock, logger, open } = site(t);
  const records = open();
  records.put("a", "old", 0);
  records.put("a", "same", 0);
  clock.advance(STORAGE_LIMITS.recordFlushMs.value);
  const other = new DatabaseSync(path);
  other.exec("BEGIN IMMEDIATE");
  records.put("a", "x", 1);
  records.put("a", "same", 1);
  records.remove("a", "old");
  clock.advance(3 * STORAGE_LIMITS.recordFlushMs.value);
  assert.deepEqual(Object.fromEntries(records.load("a")), { x: 1, same: 1 });
  assert.equal(logger.lines.length, 1);
  assert.match(logger.lines[0] ?? "", /^warn records cannot be written now .*locked/);
  other.exec("ROLLBACK");
  other.close();
  clock.advance(STORAGE_LIMITS.recordFlushMs.value);
  assert.deepEqual(written(path, "a"), ["same=1", "x=1"]);
  assert.equal(clock.pending, 0);
});

test("what waits while the file is locked is bounded, and the oldest goes", (t) => {
  const { path, clock, open } = site(t);
  const records = open();
  const other = new DatabaseSync(path);
  other.exec("BEGIN IMMEDIATE");
  records.put("a", "first", 0);
  clock.advance(STORAGE_LIMITS.recordFlushMs.value);
  for (let n = 0; n < STORAGE_LIMITS.waitingRecords.value; n++) records.put("a", `k${n}`, n);
  other.exec("ROLLBACK");
  other.close();
  const keys = new Set([...records.load("a")].map(([key]) => key));
  assert.equal(keys.size, STORAGE_LIMITS.waitingRecords.value);
  assert.equal(keys.has("first"), false);
});

test("a corrupt file is moved aside and begun anew, and what does not parse is passed over", (t) => {
  const { path, logger, open, aside } = site(t);
  writeFileSync(path, randomBytes(10_000));
  const records = open();
  assert.deepEqual([...records.load("a")], []);
  assert.equal(aside().length, 1);
  assert.equal(logger.lines.length, 1);
  records.put("a", "x", 1);
  records.stop();
  const database = new DatabaseSync(path);
  database.exec("INSERT INTO records VALUES ('a', 'bad', '{')");
  database.close();
  assert.deepEqual([...open().load("a")], [["x", 1]]);
});

test("a file with a key that is no text is begun anew, and not read for ever", (t) => {
  const { path, open, aside } = site(t);
  const before = open();
  for (const key of ["m1", "m2", "m3", "zlast"]) before.put("a", key, 1);
  before.stop();
  const bytes = readFileSync(path);
  const at = bytes.indexOf("zlast");
  assert.ok(at > 0 && bytes.indexOf("zlast", at + 1) < 0);
  // SQLite sorts such a key behind the text that it is read as.
  bytes[at + 1] = 0xff;
  writeFileSync(path, bytes);
  const records = open();
  let loaded = 0;
  for (const _ of records.load("a")) {
    loaded += 1;
    assert.ok(loaded < 100, "the same keys come again and again");
  }
  assert.equal(aside().length, 1);
  records.put("a", "x", 2);
  assert.deepEqual([...records.load("a")], [["x", 2]]);
});

test("on a full disk it goes on in memory with what it held", (t) => {
  const { logger, open } = site(t);
  const records = open({ maxBytes: 40_000 });
  records.put("a", "first", 1);
  assert.deepEqual([...records.load("a")], [["first", 1]]);
  for (let n = 0; n < 100; n++) records.put("b", `k${n}`, "x".repeat(1_000));
  assert.equal([...records.load("b")].length, 100);
  assert.deepEqual([...records.load("a")], [["first", 1]]);
  assert.equal(records.inMemory, true);
  assert.match(logger.lines[0] ?? "", /^warn the store cannot be written; .*full/);
});

test("the file of another store is left as it is", (t) => {
  const { path, open } = site(t);
  const other = new DatabaseSync(path);
  other.exec("CREATE TABLE cookies (a)");
  other.close();
  assert.throws(() => open(), { code: "ERR_STORE", message: /another program/ });
});
