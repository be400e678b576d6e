import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
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
 * Where the client or the node of a data directory answers commands: `control.sock` or `node.sock` in it. Where that is longer
 * than a socket's name may be, `<temporary directory>/byway-<user>/<digest>-<name>.sock`, which names the data directory by
 * the SHA-256 of its path; and on Windows a named pipe that is named so.
 */
export function controlPath(dataDirectory: string, name: ControlName): string {
  const whole = resolve(dataDirectory);
  const digest = createHash("sha256").update(whole).digest("hex").slice(0, DIGEST_CHARACTERS);
  if (process.platform === "win32") return `\\\\.\\pipe\\byway-${digest}-${name}`;
  const inside = join(whole, `${name}.sock`);
  if (isShort(inside)) return inside;
  // Not userInfo, which fails for a user without an entry in passwd, as in containers.
  const nearby = (directory: string): string =>
    join(directory, `byway-${process.getuid?.()}`, `${digest}-${name}.sock`);
  return [nearby(tmpdir())].find(isShort) ?? nearby("/tmp");
}

/** Whether the directory that `path` stands in was named by us in a place that all users share. */
export function isInSharedPlace(path: string): boolean {
  return process.platform !== "win32" && !Object.keys(CONTROL_WORDS).some((name) => basename(path) === `${name}.sock`);
}

function isShort(path: string): boolean {
  return Buffer.byteLength(path) <= API_LIMITS.controlPathBytes.value;
}
