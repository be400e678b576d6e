import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";

/** The processes that `pid` has started and that live; Linux only. */
export function childrenOf(pid: number): readonly number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
}

/** Whether a process lives (a dead one that nobody has waited for does not); Linux only. */
export function lives(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

/** How many sockets a process holds, listening ones among them; Linux only. */
export function socketsOf(pid: number): number {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).filter((descriptor) => {
    try {
      return readlinkSync(join(folder, descriptor)).startsWith("socket:");
    } catch {
      return false;
    }
  }).length;
}
