import { createWriteStream } from "node:fs";
import { chmod, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import type { Clock } from "../core/clock.ts";
import { BywayError, systemCode } from "../core/errors.ts";
import type { Random } from "../core/random.ts";
import { HOUR_MS } from "../core/units.ts";
import { makeDirectory } from "../storage/make-directory.ts";
import { type CheckedGeoFile, checkGeoFile } from "./check-geo-file.ts";
import { type GeoFamily, type GeoKind, geoFault } from "./geo-file.ts";
import { GEO_LIMITS } from "./limits.ts";

// A dot in front keeps it from being opened as data.
const INCOMING = ".incoming-";
const LEFTOVER_MS = HOUR_MS;

/** What to install and where. */
export interface InstallGeoOptions {
  /** The file's bytes, gzipped or not; ended early where they are refused. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** What they are called in messages: a path or an address. */
  readonly name: string;
  /** Made when missing. */
  readonly directory: string;
  /** In place of the kind that the content shows. */
  readonly kind?: GeoKind | undefined;
  /** The most that it may have when unpacked; 1 GiB by default. */
  readonly maxBytes?: number | undefined;
  readonly signal: AbortSignal;
}

/** What was installed. */
export interface InstalledGeoFile extends CheckedGeoFile {
  readonly path: string;
  /** Files that this one takes the place of, by name. */
  readonly replaced: readonly string[];
}

/**
 * Installs a file of address data: unpacks it, opens it, looks addresses up in it, and only then puts it in the place of what
 * was there. Throws ERR_GEO_DATA if it is damaged, too large, or no address data; ERR_DATA_DIRECTORY if the directory cannot be
 * written; the abort reason. In all these cases what was there stays.
 */
export async function installGeoFile(
  components: { readonly random: Random; readonly clock: Clock },
  options: InstallGeoOptions,
): Promise<InstalledGeoFile> {
  const { directory, name, signal } = options;
  const incoming = join(directory, `${INCOMING}${Buffer.from(components.random.bytes(8)).toString("hex")}`);
  try {
    await makeDirectory(directory);
    await removeLeftovers(directory, components.clock.nowMs());
    await receive(options, incoming);
    const checked = await checkGeoFile(incoming, { kind: options.kind, name, signal });
    await chmod(incoming, 0o644);
    const file = fileName(checked);
    const replaced = (await readdir(directory)).filter((other) => isReplaced(other, checked));
    await rename(incoming, join(directory, file));
    for (const other of replaced) if (other !== file) await rm(join(directory, other), { force: true });
    return { ...checked, path: join(directory, file), replaced };
  } catch (cause) {
    if (cause instanceof BywayError || signal.aborted) throw cause;
    throw new BywayError("ERR_DATA_DIRECTORY", `the directory ${directory} cannot be written (${systemCode(cause)})`, {
      data: { directory },
      cause,
    });
  } finally {
    await rm(incoming, { force: true }).catch(() => {});
  }
}

/** Removes what updates left behind that were killed in the middle. */
async function removeLeftovers(directory: string, nowMs: number): Promise<void> {
  for (const name of await readdir(directory)) {
    if (!name.startsWith(INCOMING)) continue;
    const path = join(directory, name);
    const status = await stat(path).catch(() => undefined);
    // A younger one may be that of another update, which is at work now.
    if (status !== undefined && nowMs - status.mtimeMs > LEFTOVER_MS) await rm(path, { force: true });
  }
}

async function receive(
  { bytes, name, maxBytes = GEO_LIMITS.fileBytes.value, signal }: InstallGeoOptions,
  path: string,
): Promise<void> {
  const source = bytes[Symbol.asyncIterator]();
  const first = await source.next();
  const isGzip = first.done !== true && first.value[0] === 0x1f && first.value[1] === 0x8b;
  const all = (async function* () {
    if (first.done !== true) yield first.value;
    yield* { [Symbol.asyncIterator]: () => source };
  })();
  const sink = createWriteStream(path, { flags: "wx", mode: 0o600, flush: true });
  const stages = isGzip ? [createGunzip(), bounded(name, maxBytes)] : [bounded(name, maxBytes)];
  try {
    await pipeline([Readable.from(all, { objectMode: false }), ...stages, sink], { signal });
  } catch (cause) {
    signal.throwIfAborted();
    if (systemCode(cause).startsWith("Z_")) throw geoFault(name, "is damaged: it cannot be unpacked", cause);
    throw cause;
  }
}

/** Passes on as many bytes as a file may have; what is more is an error, so that a small .gz cannot fill the disk. */
function bounded(name: string, maxBytes: number): Transform {
  let total = 0;
  return new Transform({
    transform(chunk: Uint8Array, _encoding, done): void {
      total += chunk.length;
      if (total > maxBytes) done(geoFault(name, `is larger than ${maxBytes} bytes`));
      else done(null, chunk);
    },
  });
}

const EXTENSIONS = { mmdb: "mmdb", csv: "csv", list: "txt" } as const;

function fileName({ kind, facts }: CheckedGeoFile): string {
  const family = facts.family === "both" ? "" : `-${facts.family}`;
  return `${kind}${family}.${EXTENSIONS[facts.format]}`;
}

/** Whether the file called `other` holds nothing that the new one does not. */
function isReplaced(other: string, { kind, facts }: CheckedGeoFile): boolean {
  const [, otherKind, family] = /^([a-z]+)(?:-(ipv[46]))?\.(?:mmdb|csv|txt)$/.exec(other) ?? [];
  const families: GeoFamily = facts.family;
  return otherKind === kind && (families === "both" || family === families);
}
