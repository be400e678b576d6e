import { createHash } from "node:crypto";
import { realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { API_LIMITS } from "./limits.ts";

const DIGEST_CHARACTERS = 24;

/** Who answers commands: `control` is the client, `node` the node. Both can run with one data directory. */
export type ControlName = "control" | "node";

/** What each is called, to people. */
export const CONTROL_WORDS: Readonly<Record<ControlName, { readonly who: string; readonly command: string }>> = {
  control: { who: "client", command: "byway up" },
  node: { who: "node", command: "byway node" },
};

/**
 * Where the client or the node of a data directory is found: `control.sock` or `node.sock` in it, however long that path is.
 * The lock is beside it always (`lockPath`). The socket has that name as well, unless it is longer than a socket's name may
 * be: then it is elsewhere, and `pointerPath` beside it names the place. Symbolic links on the way are followed, so that
 * the length is the same for whoever starts and whoever asks. The directory need not be there yet.
 */
export function controlPath(dataDirectory: string, name: ControlName): string {
  return join(withoutLinks(resolve(dataDirectory)), `${name}.sock`);
}

/** `path` with what is there of it by its own name; as it is where that cannot be looked at. */
function withoutLinks(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(withoutLinks(parent), basename(path));
  }
}

/** The lock of whoever answers at `path`. */
export function lockPath(path: string): string {
  return `${path}.lock`;
}

/** Names the place of a socket that cannot be at `path`. */
export function pointerPath(path: string): string {
  return `${path}.path`;
}

/** Whether a socket may have this name. */
export function isSocketName(path: string): boolean {
  return Buffer.byteLength(path) <= API_LIMITS.controlPathBytes.value;
}

/** The named pipe on Windows that stands for `path`. */
export function pipeName(path: string): string {
  return `\\\\.\\pipe\\byway-${createHash("sha256").update(path).digest("hex").slice(0, DIGEST_CHARACTERS)}`;
}
