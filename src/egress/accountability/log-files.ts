import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { systemCode } from "../../core/errors.ts";

/** One file of a chain. */
export interface LogFile {
  readonly path: string;
  /** Counts up along the chain. */
  readonly number: number;
  /** The day in UTC on which it was begun, as in `2026-11-21`. */
  readonly day: string;
}

/** One chain of records: what one process of a node wrote. */
export interface LogChain {
  /** The directory's name, a number. */
  readonly name: string;
  readonly directory: string;
}

/** Longer numbers follow a file that somebody else gave a high one. */
const FILE_NAME = /^(\d{8,15})-(\d{4}-\d\d-\d\d)\.jsonl$/;

/** Where the chains of a node's log are, a directory each. */
export function accountabilityDirectory(dataDirectory: string): string {
  return join(dataDirectory, "accountability");
}

/** The name of a chain's file. */
export function logFile(directory: string, number: number, day: string): LogFile {
  return { path: join(directory, `${String(number).padStart(8, "0")}-${day}.jsonl`), number, day };
}

/** The files of a chain, the oldest first; none where there is no such directory. Throws Node's system errors. */
export async function listLogFiles(directory: string): Promise<readonly LogFile[]> {
  return (await namesIn(directory))
    .flatMap((name) => {
      const [, number, day] = FILE_NAME.exec(name) ?? [];
      return number === undefined || day === undefined
        ? []
        : [{ path: join(directory, name), number: Number(number), day }];
    })
    .sort((a, b) => a.number - b.number);
}

/** The chains in a node's data directory, by their numbers. Throws Node's system errors. */
export function listLogChains(dataDirectory: string): Promise<readonly LogChain[]> {
  return listChainsIn(accountabilityDirectory(dataDirectory));
}

/** The chains below `parent`, by their numbers. Throws Node's system errors. */
export async function listChainsIn(parent: string): Promise<readonly LogChain[]> {
  return (await namesIn(parent))
    .filter((name) => /^\d{1,6}$/.test(name))
    .sort((a, b) => Number(a) - Number(b))
    .map((name) => ({ name, directory: join(parent, name) }));
}

/** The bytes of a file; 0 where it is gone. */
export async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (systemCode(error) === "ENOENT") return 0;
    throw error;
  }
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return [];
    throw error;
  }
}
