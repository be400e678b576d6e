import { randomBytes } from "node:crypto";
import { type FileHandle, link, open, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { BywayError, systemCode } from "../core/errors.ts";
import { makeDirectory } from "../storage/make-directory.ts";
import { generateIdentity, type Identity, identityFromPem, identityToPem } from "./identity.ts";
import { IDENTITY_LIMITS } from "./limits.ts";

/**
 * The identity in the PKCS#8 PEM file at `path`.
 * Throws ERR_KEY_FILE if the file is missing, readable by others, corrupt or not an Ed25519 key.
 */
export async function loadIdentity(path: string): Promise<Identity> {
  const identity = await readIfPresent(path);
  if (identity === undefined) throw new BywayError("ERR_KEY_FILE", `the key file ${path} does not exist`);
  return identity;
}

/**
 * The identity in the file at `path`, made on first use (mode 0600, directories 0700).
 * The file appears whole or not at all, and of two starters at once one makes it and both use it.
 * Throws ERR_KEY_FILE as `loadIdentity` does, and ERR_DATA_DIRECTORY if it cannot be written.
 */
export async function loadOrCreateIdentity(path: string): Promise<Identity> {
  const present = await readIfPresent(path);
  if (present !== undefined) return present;
  try {
    await create(path);
  } catch (cause) {
    throw new BywayError("ERR_DATA_DIRECTORY", `the key file ${path} cannot be written (${reason(cause)})`, { cause });
  }
  return loadIdentity(path);
}

async function create(path: string): Promise<void> {
  const directory = dirname(path);
  await makeDirectory(directory);
  const temporary = join(directory, `.${basename(path)}.${randomBytes(8).toString("hex")}.tmp`);
  try {
    await using file = await open(temporary, "wx", 0o600);
    await file.writeFile(identityToPem(generateIdentity()));
    await file.sync();
    // Unlike rename, link fails where the name is taken: a key once made is never replaced.
    await link(temporary, path);
  } catch (error) {
    if (systemCode(error) !== "EEXIST") throw error;
  } finally {
    await unlink(temporary).catch(() => {});
  }
  await syncDirectory(directory);
}

async function syncDirectory(directory: string): Promise<void> {
  // Windows cannot open a directory, and needs no such step.
  if (process.platform === "win32") return;
  await using handle = await open(directory, "r");
  await handle.sync();
}

async function readIfPresent(path: string): Promise<Identity | undefined> {
  try {
    await using file = await open(path, "r");
    await checkMode(file, path);
    return identityFromPem(await readBounded(file, path));
  } catch (cause) {
    if (["ENOENT", "ENOTDIR"].includes(systemCode(cause))) return undefined;
    if (cause instanceof BywayError && cause.message.includes(path)) throw cause;
    throw new BywayError("ERR_KEY_FILE", `the key file ${path} cannot be used (${reason(cause)})`, { cause });
  }
}

async function checkMode(file: FileHandle, path: string): Promise<void> {
  if (process.platform === "win32") return;
  const { mode } = await file.stat();
  if ((mode & 0o077) === 0) return;
  throw new BywayError("ERR_KEY_FILE", `the key file ${path} is open to other users; run: chmod 600 ${quoted(path)}`);
}

async function readBounded(file: FileHandle, path: string): Promise<string> {
  const bound = IDENTITY_LIMITS.maxKeyFileBytes.value;
  const buffer = Buffer.alloc(bound + 1);
  const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
  if (bytesRead > bound) throw new BywayError("ERR_KEY_FILE", `the key file ${path} is larger than ${bound} bytes`);
  return buffer.toString("latin1", 0, bytesRead);
}

function quoted(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}

function reason(cause: unknown): string {
  const code = systemCode(cause);
  if (!(cause instanceof BywayError) && code !== "") return code;
  return cause instanceof Error ? cause.message : String(cause);
}
