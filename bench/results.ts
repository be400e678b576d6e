import type { DistanceFigures } from "./distance.ts";
import type { DownloadRun, StreamsRun } from "./measure.ts";
import type { MemoryFigures } from "./memory.ts";

/** The machine and the programs that a run was made with. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly kernel: string;
  readonly node: string;
  readonly congestionControl: string;
  /** The one-minute load average when the run began: what else the machine was doing. */
  readonly loadBefore: number;
  /** The versions of the peers, as they say them. */
  readonly versions: Readonly<Record<string, string>>;
}

/** One row of the tables. */
export interface Row {
  readonly name: string;
  readonly hops: 0 | 1 | 3;
  readonly rival: boolean;
  readonly remark: string;
  readonly downloads: readonly DownloadRun[];
  readonly streams: readonly StreamsRun[];
}

/** A goal, what was reached, and whether that is enough; `undefined` figures could not be measured in this run. */
export interface Goal {
  readonly id: string;
  readonly what: string;
  readonly wanted: string;
  readonly got: string;
  readonly met: boolean | undefined;
}

/** Everything that a run found: what is written as JSON and what every report is made of. */
export interface Results {
  readonly date: string;
  readonly commit: string;
  readonly quick: boolean;
  readonly load: "compiled" | "node";
  readonly rounds: number;
  readonly secondsPerRun: number;
  readonly width: number;
  readonly machine: Machine;
  readonly rows: readonly Row[];
  readonly memory: MemoryFigures | undefined;
  readonly distance: DistanceFigures;
  readonly goals: readonly Goal[];
  /** Where a peer with as many hops did better, in words. */
  readonly losses: readonly string[];
  /** Peers that are not in the table, and why. */
  readonly leftOut: readonly { readonly name: string; readonly reason: string }[];
}

/** Which figure of a row, and whether more of it is better. */
export interface Measure {
  readonly name: string;
  readonly unit: string;
  readonly digits: number;
  readonly more: boolean;
  readonly of: (row: Row) => readonly number[];
}

/** The figures that rows are compared by. */
export const MEASURES: Readonly<
  Record<"download" | "cpu" | "streams" | "latency" | "streamCpu" | "resident", Measure>
> = {
  download: {
    name: "one big download",
    unit: "MB/s",
    digits: 0,
    more: true,
    of: (row) => row.downloads.map((run) => run.megabytesPerSecond),
  },
  cpu: {
    name: "CPU for a download",
    unit: "s/GB",
    digits: 2,
    more: false,
    of: (row) => row.downloads.map((run) => run.cpuSecondsPerGb),
  },
  streams: {
    name: "new streams",
    unit: "streams/s",
    digits: 0,
    more: true,
    of: (row) => row.streams.map((run) => run.perSecond),
  },
  latency: {
    name: "the slowest 1 % of new streams",
    unit: "ms",
    digits: 1,
    more: false,
    of: (row) => row.streams.map((run) => run.p99Ms),
  },
  streamCpu: {
    name: "CPU for a new stream",
    unit: "ms",
    digits: 2,
    more: false,
    of: (row) => row.streams.map((run) => run.cpuMsPerStream),
  },
  resident: {
    name: "memory of client and hops",
    unit: "MB",
    digits: 0,
    more: false,
    of: (row) => row.downloads.map((run) => run.residentBytes / 1e6),
  },
};
