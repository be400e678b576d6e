import type { KeyObject } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { systemCode } from "../../core/errors.ts";
import { makeDirectory } from "../../storage/make-directory.ts";
import { replaceFile } from "../../storage/replace-file.ts";
import { signHead, verifyHead } from "./log-signature.ts";

/** Why the node removed files: they were older than `log-days`, or all were larger than `log-mib`. */
export type RemovalReason = "age" | "size";

/** The record that a chain's writer keeps beside the chain: what must be there. Plain JSON. */
export interface ChainHead {
  readonly peer: string;
  /** The number of the oldest file that was not removed as configured. */
  readonly oldest: number;
  /** The newest record that is known to be on the disk, and the number of its file; `seq` 0 before the first. */
  readonly newest: { readonly number: number; readonly seq: number; readonly hash: string; readonly time: string };
  /** The last removal by the node itself: files up to this number. */
  readonly removed?: { readonly by: RemovalReason; readonly upTo: number; readonly time: string };
  /** What the writer knows of the clock, as `SettledTime` keeps it. */
  readonly clock: { readonly [key: string]: number };
}

/** What stands where a head record should: none at all, or something that the node did not write. */
export type FoundHead = ChainHead | "absent" | "spoiled";

const NAME = /^(\d{1,6})\.json$/;
const SIGNED = /^(.*),"signature":"([\w-]+)"\}\n$/;

/** Where the head record of the chain in `directory` is: not in it, so that whoever removes a chain leaves its head. */
export function headPath(directory: string): string {
  return join(dirname(dirname(directory)), "accountability-heads", `${basename(directory)}.json`);
}

/** The names of the chains in a data directory that have a head record. Throws Node's system errors. */
export async function listHeads(dataDirectory: string): Promise<readonly string[]> {
  try {
    const names = await readdir(join(dataDirectory, "accountability-heads"));
    return names.flatMap((name) => NAME.exec(name)?.[1] ?? []);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return [];
    throw error;
  }
}

/** Reads the head record of the chain in `directory`. Throws Node's system errors. */
export async function readHead(directory: string): Promise<FoundHead> {
  try {
    return parseHead(basename(directory), await readFile(headPath(directory), "latin1"));
  } catch (error) {
    if (systemCode(error) === "ENOENT") return "absent";
    throw error;
  }
}

/** Signs a head record and puts it in the place of the one before, on the disk. Throws Node's system errors. */
export async function writeHead(directory: string, head: ChainHead, privateKey: KeyObject): Promise<void> {
  const path = headPath(directory);
  await makeDirectory(dirname(path));
  const body = JSON.stringify({ version: 1, chain: basename(directory), ...head }).slice(0, -1);
  await replaceFile(path, `${body},"signature":"${signHead(privateKey, body)}"}\n`, 0o600);
}

function parseHead(chain: string, text: string): ChainHead | "spoiled" {
  const [, body, signature] = SIGNED.exec(text) ?? [];
  if (body === undefined || signature === undefined) return "spoiled";
  try {
    const head = JSON.parse(`${body}}`) as ChainHead & { readonly chain?: unknown };
    // What is signed has our form.
    return head.chain === chain && verifyHead(head.peer, body, signature) ? head : "spoiled";
  } catch {
    return "spoiled";
  }
}
