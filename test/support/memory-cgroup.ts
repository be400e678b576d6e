import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { kill, pid } from "node:process";
import type { TestContext } from "node:test";
import { until } from "./proxy-fixture.ts";

/** A group of processes that together may have so much memory. */
export interface MemoryCgroup {
  /** The words before a command that run it in the group. */
  readonly within: readonly string[];
  /** The most memory that the group has had, in bytes. */
  peakBytes(): number;
}

interface Kind {
  readonly root: string;
  readonly limit: string;
  readonly peak: string;
}

const UNIFIED: Kind = { root: "/sys/fs/cgroup", limit: "memory.max", peak: "memory.peak" };
const OLD: Kind = {
  root: "/sys/fs/cgroup/memory",
  limit: "memory.limit_in_bytes",
  peak: "memory.max_usage_in_bytes",
};

/** Makes a group with a limit (Linux, cgroup 2 or 1, as root); says why where it cannot. It goes when the test ends. */
export function makeMemoryCgroup(test: TestContext, limitBytes: number): MemoryCgroup | string {
  const kind = existsSync(join(UNIFIED.root, "cgroup.controllers")) ? UNIFIED : OLD;
  const folder = join(kind.root, `byway-test-${pid}-${Math.round(performance.now())}`);
  try {
    mkdirSync(folder);
  } catch (error) {
    return `no cgroup can be made: ${String(error)}`;
  }
  test.after(async () => {
    const members = (): number[] =>
      readFileSync(join(folder, "cgroup.procs"), "utf8").split("\n").filter(Boolean).map(Number);
    for (const member of members()) kill(member, "SIGKILL");
    // A process that was killed leaves its group a moment later.
    await until(() => members().length === 0);
    rmdirSync(folder);
  });
  try {
    writeFileSync(join(folder, kind.limit), String(limitBytes));
  } catch (error) {
    return `the cgroup here cannot limit memory: ${String(error)}`;
  }
  return {
    within: ["/bin/sh", "-c", `echo $$ > ${join(folder, "cgroup.procs")} && exec "$@"`, "sh"],
    peakBytes: () => Number(readFileSync(join(folder, kind.peak), "utf8")),
  };
}
