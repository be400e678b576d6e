import { createHash } from "node:crypto";
import { join, resolve } from "node:path";
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
 * be: then it is elsewhere, and `pointerPath` beside it names the place.
 */
export function controlPath(dataDirectory: string, name: ControlName): string {
  return join(resolve(dataDirectory), `${name}.sock`);
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
