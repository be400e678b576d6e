import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import { numberedEntry, numberedPeer } from "../../test/support/peer-entries.ts";
import { type StoreSite, storeSite } from "../../test/support/store-site.ts";
import { seededRandom } from "../core/random.ts";
import { PeerStore, type PeerStoreOptions } from "./peer-store.ts";

function site(t: TestContext): StoreSite<PeerStore, PeerStoreOptions> {
  return storeSite(t, {
    file: "directory.sqlite",
    open: (components, path, options) =>
      new PeerStore({ ...components, random: seededRandom(1) }, { path, busyMs: 0, ...options }),
    close: (store) => store.close(),
  });
}

const entries = Array.from({ length: 300 }, (_, n) => numberedEntry(n));

/** Everything that reads or writes; nothing of it may throw. */
function use(store: PeerStore): void {
  store.counts();
  store.count({ countries: ["de"] });
  store.query({ countries: ["de"] }, { limit: 400, order: "recent" });
  store.query({}, { limit: 400, order: "random" });
  store.get(numberedPeer(5));
  store.recordCheck(numberedPeer(7), 12);
  store.put(entries.slice(0, 5));
  store.changeState("x", () => 1);
  store.forgetExpired(0, 0, 500);
}

test("what was written is there after opening again, and only the owner may read it", (t) => {
  const { path, folder, open } = site(t);
  const umask = process.umask(0);
  t.after(() => process.umask(umask));
  writeFileSync(path, "", { mode: 0o644 });
  const store = open();
  store.put(entries);
  store.recordCheck(numberedPeer(3), 21.5);
  store.changeState("name", (held) => [held ?? "none", 1]);
  const names = readdirSync(folder);
  assert.deepEqual(names.toSorted(), ["directory.sqlite", "directory.sqlite-shm", "directory.sqlite-wal"]);
  for (const name of names) assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name);
  store.close();
  const again = open();
  assert.equal(again.size, 300);
  assert.equal(again.get(numberedPeer(3))?.rttMs, 21.5);
  assert.deepEqual(again.readState("name"), ["none", 1]);
  assert.equal(again.inMemory, false);
});

const DAMAGE: Readonly<Record<string, (path: string, size: number) => void>> = {
  "all random": (path, size) => writeFileSync(path, randomBytes(size)),
  "no database at all": (path) => writeFileSync(path, "hello"),
  "cut in half": (path, size) => truncateSync(path, Math.floor(size / 2)),
  "cut to its header": (path) => truncateSync(path, 100),
  "its second half overwritten": (path, size) => overwrite(path, Math.floor(size / 2), Math.ceil(size / 2)),
  "its first page overwritten": (path) => overwrite(path, 0, 4096),
  "all but its first page overwritten": (path, size) => overwrite(path, 4096, size - 4096),
};

function overwrite(path: string, at: number, length: number): void {
  const file = openSync(path, "r+");
  writeSync(file, randomBytes(length), 0, length, at);
  closeSync(file);
}

for (const [name, damage] of Object.entries(DAMAGE)) {
  test(`a corrupt file is moved aside, said and begun anew: ${name}`, (t) => {
    const { path, folder, logger, open, aside } = site(t);
    const first = open();
    first.put(entries);
    first.close();
    damage(path, statSync(path).size);
    const damaged = readFileSync(path);
    const store = open();
    use(store);
    assert.deepEqual(aside(), ["directory.sqlite.corrupt-1800000000000"]);
    assert.deepEqual(readFileSync(join(folder, aside()[0] ?? "")).length, damaged.length);
    assert.equal(logger.lines.length, 1);
    assert.match(logger.lines[0] ?? "", /^warn the store was corrupt; it was moved aside and begun anew /);
    store.put(entries);
    assert.equal(store.inMemory, false);
    store.close();
    assert.equal(open().size, 300);
  });
}

test("an empty file is a new store", (t) => {
  const { path, logger, open } = site(t);
  writeFileSync(path, "");
  assert.equal(open().size, 0);
  assert.deepEqual(logger.lines, []);
});

test("a file that is damaged while it is open is replaced when that shows, and the one aside is the newest", (t) => {
  const { path, clock, open, aside } = site(t);
  for (let round = 0; round < 2; round++) {
    clock.advance(1_000);
    // A fresh store has not yet read what is damaged now.
    const first = open();
    first.put(entries);
    first.close();
    const store = open();
    overwrite(path, 8192, statSync(path).size - 8192);
    use(store);
    assert.deepEqual(aside(), [`directory.sqlite.corrupt-${clock.nowMs()}`]);
    store.close();
  }
});

test("of two who find the file corrupt, the second takes over what the first began", (t) => {
  const { path, open, aside } = site(t);
  const first = open();
  first.put(entries);
  first.close();
  const [a, b] = [open(), open()];
  overwrite(path, 4096, statSync(path).size - 4096);
  use(a);
  a.put([numberedEntry(1_000)]);
  use(b);
  assert.notEqual(b.get(numberedPeer(1_000)), undefined);
  assert.equal(aside().length, 1);
});

test("on a full disk what is held goes on in memory, and that is said once", (t) => {
  const { logger, open } = site(t);
  const store = open({ maxBytes: 400_000 });
  store.changeState("name", () => "value");
  for (let at = 0; at < 2_000; at += 50) {
    store.put(Array.from({ length: 50 }, (_, n) => numberedEntry(at + n)));
  }
  assert.equal(store.size, 2_000);
  assert.equal(store.inMemory, true);
  assert.equal(store.readState("name"), "value");
  assert.notEqual(store.get(numberedPeer(0)), undefined);
  assert.equal(logger.lines.length, 1);
  assert.match(logger.lines[0] ?? "", /^warn the store cannot be written; .*full/);
});

test("a disk that is full, or no place for a file, is told at opening", (t) => {
  const { folder, open } = site(t);
  assert.throws(() => open({ maxBytes: 16_384 }), { code: "ERR_STORE", message: /full/ });
  assert.throws(() => open({ path: join(folder, "none", "x.sqlite") }), { code: "ERR_STORE", message: /ENOENT/ });
  assert.throws(() => open({ path: folder }), { code: "ERR_STORE", message: /EISDIR/ });
  assert.throws(() => open({ path: "/proc/version" }), { code: "ERR_STORE" });
});

test("a newer version's file, or another program's, is left as it is", (t) => {
  const { path, open, aside } = site(t);
  open().close();
  const newer = new DatabaseSync(path);
  newer.exec("PRAGMA user_version = 99");
  newer.close();
  assert.throws(() => open(), { code: "ERR_STORE", message: /written by a newer Byway \(version 99\)$/ });
  rmSync(path);
  const other = new DatabaseSync(path);
  other.exec("CREATE TABLE cookies (a)");
  other.close();
  assert.throws(() => open(), { code: "ERR_STORE", message: /is a database of another program$/ });
  assert.deepEqual(aside(), []);
});

test("while another process writes for too long, the error says to try again", (t) => {
  const { path, open, logger } = site(t);
  const store = open();
  const other = new DatabaseSync(path);
  other.exec("BEGIN IMMEDIATE");
  assert.throws(() => store.put(entries), { code: "ERR_STORE", retry: "same", message: /locked/ });
  assert.equal(store.query({}, { limit: 1, order: "random" }).length, 0);
  other.exec("ROLLBACK");
  other.close();
  store.put(entries);
  assert.equal(store.size, 300);
  assert.deepEqual(logger.lines, []);
});

test("a closed store says so, and may be closed again", (t) => {
  const store = site(t).open();
  store.close();
  store.close();
  assert.throws(() => store.size, { code: "ERR_STOPPED" });
});
