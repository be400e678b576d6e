import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** A Node on the PATH that is too old for Byway; undefined where all are new enough. */
export const OLD_NODE: string | undefined = (process.env.PATH ?? "")
  .split(delimiter)
  .map((folder) => join(folder, "node"))
  .find((path) => existsSync(path) && majorOf(path) < 26);

function majorOf(node: string): number {
  return Number(execFileSync(node, ["-p", "process.versions.node"]).toString().split(".")[0]);
}
