import { readdirSync, readFileSync } from "node:fs";

/** What /proc/<pid>/stat says of one process. CPU time is of all its threads and of children that it has waited for. */
export interface ProcessTimes {
  readonly pid: number;
  readonly parent: number;
  /** User and system time in clock ticks, with that of ended children. */
  readonly ticks: number;
}

// sysconf(_SC_CLK_TCK) is 100 on every Linux architecture that Node runs on.
const TICKS_PER_SECOND = 100;

/** Reads one line of /proc/<pid>/stat (proc(5)). The name in it may hold spaces and parentheses. */
export function parseStat(line: string): ProcessTimes {
  const after = line
    .slice(line.lastIndexOf(")") + 2)
    .trim()
    .split(" ");
  const field = (number: number): number => Number(after[number - 3]);
  return {
    pid: Number.parseInt(line, 10),
    parent: field(4),
    ticks: field(14) + field(15) + field(16) + field(17),
  };
}

/** A figure of /proc/<pid>/status in KiB, such as VmRSS; undefined where it is not. */
export function parseStatus(text: string, field: string): number | undefined {
  const found = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(text)?.[1];
  return found === undefined ? undefined : Number(found);
}

/** The processes of `all` that are `roots` or come from them. */
export function withDescendants(all: readonly ProcessTimes[], roots: readonly number[]): readonly ProcessTimes[] {
  const wanted = new Set(roots);
  for (let before = -1; before !== wanted.size; ) {
    before = wanted.size;
    for (const { pid, parent } of all) if (wanted.has(parent)) wanted.add(pid);
  }
  return all.filter(({ pid }) => wanted.has(pid));
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined; // It ended meanwhile.
  }
}

function family(roots: readonly number[]): readonly ProcessTimes[] {
  const all = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => read(`/proc/${pid}/stat`))
    .filter((line) => line !== undefined)
    .map(parseStat);
  return withDescendants(all, roots);
}

/** CPU seconds that the processes and all that came from them have used so far. */
export function cpuSeconds(roots: readonly number[]): number {
  return family(roots).reduce((sum, { ticks }) => sum + ticks, 0) / TICKS_PER_SECOND;
}

/** Resident memory of the processes and all that came from them in bytes. What they share counts for each. */
export function residentBytes(roots: readonly number[]): number {
  const kib = family(roots).map(({ pid }) => parseStatus(read(`/proc/${pid}/status`) ?? "", "VmRSS") ?? 0);
  return kib.reduce((sum, figure) => sum + figure, 0) * 1024;
}
