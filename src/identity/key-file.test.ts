import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import type { Identity } from "./identity.ts";
import { loadIdentity, loadOrCreateIdentity } from "./key-file.ts";

async function inDirectory(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "byway-key-"));
  try {
    await run(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}

test("a key is made once, for its owner only, and nothing else is left beside it", () =>
  inDirectory(async (directory) => {
    const path = join(directory, "some", "where", "identity.pem");
    const made = await loadOrCreateIdentity(path);
    assert.equal((await loadOrCreateIdentity(path)).peerId, made.peerId);
    assert.equal((await loadIdentity(path)).peerId, made.peerId);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.equal((await stat(join(directory, "some"))).mode & 0o777, 0o700);
    assert.deepEqual(await readdir(join(directory, "some", "where")), ["identity.pem"]);
    assert.match(await readFile(path, "latin1"), /^-----BEGIN PRIVATE KEY-----\n/);
  }));

test("starters at and about the same moment get the same key", () =>
  inDirectory(async (directory) => {
    const path = join(directory, "identity.pem");
    const starters: Promise<Identity>[] = [];
    for (let turn = 0; turn < 30; turn += 1) {
      starters.push(loadOrCreateIdentity(path), loadOrCreateIdentity(path));
      await setImmediate();
    }
    const identities = await Promise.all(starters);
    assert.equal(new Set(identities.map(({ peerId }) => peerId)).size, 1);
    assert.deepEqual(await readdir(directory), ["identity.pem"]);
  }));

test("half a key that a crash left under its temporary name harms nobody", () =>
  inDirectory(async (directory) => {
    await writeFile(join(directory, ".identity.pem.0011223344556677.tmp"), "-----BEGIN PRIV", { mode: 0o600 });
    await loadOrCreateIdentity(join(directory, "identity.pem"));
  }));

test("a key that others can read is refused with the command that closes it", () =>
  inDirectory(async (directory) => {
    const path = join(directory, "it's a key.pem");
    await loadOrCreateIdentity(path);
    for (const mode of [0o640, 0o604, 0o660, 0o601]) {
      await chmod(path, mode);
      await assert.rejects(loadOrCreateIdentity(path), {
        code: "ERR_KEY_FILE",
        message: new RegExp(`run: chmod 600 '${directory}/it'\\\\''s a key.pem'$`),
      });
    }
    await chmod(path, 0o400);
    await loadOrCreateIdentity(path);
  }));

test("a file that is no usable key is refused and left as it is", () =>
  inDirectory(async (directory) => {
    const path = join(directory, "identity.pem");
    const ecKey = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({
      type: "pkcs8",
      format: "pem",
    });
    await loadOrCreateIdentity(join(directory, "good.pem"));
    const good = await readFile(join(directory, "good.pem"));
    for (const content of ["", "half", good.subarray(0, 70), `${ecKey}`, Buffer.alloc(100_000, good)]) {
      await writeFile(path, content, { mode: 0o600 });
      await assert.rejects(loadOrCreateIdentity(path), { code: "ERR_KEY_FILE", message: /identity\.pem/ });
      assert.deepEqual(await readFile(path), Buffer.from(content));
    }
    await assert.rejects(loadOrCreateIdentity(directory), { code: "ERR_KEY_FILE" });
    await assert.rejects(loadIdentity(join(directory, "none.pem")), {
      code: "ERR_KEY_FILE",
      message: /does not exist/,
    });
  }));

test("a directory that cannot be written to is told as such", () =>
  inDirectory(async (directory) => {
    await writeFile(join(directory, "file"), "");
    await assert.rejects(loadOrCreateIdentity("/proc/byway/identity.pem"), { code: "ERR_DATA_DIRECTORY" });
    await assert.rejects(loadOrCreateIdentity(join(directory, "file", "identity.pem")), { code: "ERR_DATA_DIRECTORY" });
  }));
