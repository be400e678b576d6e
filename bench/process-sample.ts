import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";

/** What a process holds at one moment (proc(5)). */
export interface ProcessSample {
  readonly rssBytes: number;
  readonly descriptors: number;
  readonly threads: number;
}

/** Reads `/proc/<pid>`; throws when the process is gone. */
export function sampleProcess(pid: number): ProcessSample {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const figure = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1]);
  return {
    rssBytes: figure("VmRSS") * 1024,
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    threads: figure("Threads"),
  };
}

/** How many descriptors of each kind a process has, such as `socket 12, pipe 3`. */
export function kindsOfDescriptors(pid: number): string {
  const kinds = new Map<string, number>();
  for (const descriptor of readdirSync(`/proc/${pid}/fd`)) {
    let kind = "gone";
    try {
      kind = readlinkSync(join(`/proc/${pid}/fd`, descriptor)).replace(/:?\[.*/, "");
    } catch {}
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  return [...kinds].map(([kind, count]) => `${kind} ${count}`).join(", ");
}
