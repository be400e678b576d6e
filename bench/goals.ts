import type { DistanceFigures } from "./distance.ts";
import { judgeDistance } from "./distance-goals.ts";
import type { MemoryFigures } from "./memory.ts";
import { type Goal, MEASURES, type Measure, type Row } from "./results.ts";
import { median, ratio } from "./statistics.ts";

/** Byway's own row at this many hops. */
export function bywayRow(rows: readonly Row[], hops: number): Row | undefined {
  return rows.find((row) => row.hops === hops && row.name.startsWith("Byway"));
}

function isRival(row: Row, hops: number): boolean {
  return row.rival && row.hops === hops;
}

/** The best of `rows` by the median of a measure. */
export function best(rows: readonly Row[], measure: Measure): Row | undefined {
  const sign = measure.more ? -1 : 1;
  return rows.toSorted((a, b) => sign * (median(measure.of(a)) - median(measure.of(b))))[0];
}

/** Byway's figure over the best rival's with as many hops, round by round; undefined when either is missing. */
export function ratioToBest(rows: readonly Row[], row: Row, measure: Measure): number | undefined {
  const rival = best(
    rows.filter((other) => isRival(other, row.hops)),
    measure,
  );
  return rival === undefined ? undefined : ratio(measure.of(row), measure.of(rival));
}

interface Wanted {
  readonly id: string;
  readonly what: string;
  readonly hops: 1 | 3;
  readonly measure: Measure;
  readonly factor: number;
  readonly against: (row: Row) => boolean;
}

const isTor = (row: Row): boolean => row.name.startsWith("Tor");
const isWireguard = (row: Row): boolean => row.name.startsWith("wireguard-go");

const WANTED: readonly Wanted[] = [
  {
    id: "P1",
    what: "one hop, one big download, to the best of shadowsocks, stunnel and ssh",
    hops: 1,
    measure: MEASURES.download,
    factor: 1,
    against: (row) => isRival(row, 1) && !isWireguard(row),
  },
  {
    id: "P1",
    what: "one hop, one big download, to wireguard-go at the internet's MTU",
    hops: 1,
    measure: MEASURES.download,
    factor: 8,
    against: (row) => row.name === "wireguard-go",
  },
  {
    id: "P2",
    what: "three hops, one big download, to Tor at its best scheduler",
    hops: 3,
    measure: MEASURES.download,
    factor: 20,
    against: isTor,
  },
  {
    id: "P3",
    what: "one hop, new streams, to shadowsocks",
    hops: 1,
    measure: MEASURES.streams,
    factor: 1,
    against: (row) => row.name.startsWith("shadowsocks"),
  },
  {
    id: "P3",
    what: "three hops, new streams, to Tor at its best scheduler",
    hops: 3,
    measure: MEASURES.streams,
    factor: 6,
    against: isTor,
  },
  {
    id: "P9",
    what: "one hop, CPU for each GB, to the peer that needs least",
    hops: 1,
    measure: MEASURES.cpu,
    factor: 1,
    against: (row) => isRival(row, 1),
  },
  {
    id: "P9",
    what: "three hops, CPU for each GB, to Tor",
    hops: 3,
    measure: MEASURES.cpu,
    factor: 1,
    against: isTor,
  },
];

function compared(rows: readonly Row[], { id, what, hops, measure, factor, against }: Wanted): Goal {
  const mine = bywayRow(rows, hops);
  const rival = best(rows.filter(against), measure);
  const wanted = `${measure.more ? "≥" : "≤"} ${factor.toFixed(1)} ×`;
  if (mine === undefined || rival === undefined) return { id, what, wanted, got: "not measured", met: undefined };
  const got = ratio(measure.of(mine), measure.of(rival));
  const met = measure.more ? got >= factor : got <= factor;
  return { id, what, wanted, got: `${got.toFixed(2)} × ${rival.name}`, met };
}

function bounded(what: string, bytes: number | undefined, most: number, unit: number, name: string): Goal {
  const wanted = `≤ ${most} ${name}`;
  if (bytes === undefined) return { id: "P8", what, wanted, got: "not measured", met: undefined };
  return { id: "P8", what, wanted, got: `${(bytes / unit).toFixed(1)} ${name}`, met: bytes <= most * unit };
}

/** Every goal with what this run says about it. */
export function judge(
  rows: readonly Row[],
  memory: MemoryFigures | undefined,
  distance: DistanceFigures | undefined,
): readonly Goal[] {
  const idle = memory === undefined ? "idle streams" : `${memory.idleStreams} idle streams`;
  const goals = [
    ...WANTED.map((wanted) => compared(rows, wanted)),
    ...judgeDistance(distance),
    bounded("a node at rest, resident", memory?.nodeAtRestBytes, 120, 1e6, "MB"),
    bounded(`the client, for each of ${idle}`, memory?.clientBytesPerStream, 16, 1024, "KiB"),
    bounded(`a node, for each of its share of ${idle}`, memory?.nodeBytesPerStream, 16, 1024, "KiB"),
  ];
  return goals.toSorted((a, b) => a.id.localeCompare(b.id));
}

/** A line for each measure in which some peer with as many hops does better than Byway, with all that do, best first. */
export function findLosses(rows: readonly Row[]): readonly string[] {
  return Object.values(MEASURES).flatMap((measure: Measure) => [1, 3].flatMap((hops) => lossesIn(rows, measure, hops)));
}

function lossesIn(rows: readonly Row[], measure: Measure, hops: number): readonly string[] {
  const mine = bywayRow(rows, hops);
  if (mine === undefined) return [];
  const say = (row: Row): string => median(measure.of(row)).toFixed(measure.digits);
  const better = rows
    .filter((row) => row.hops === hops && !row.name.includes("Byway"))
    .map((row) => ({ row, factor: ratio(measure.of(mine), measure.of(row)) }))
    .filter(({ factor }) => (measure.more ? factor < 1 : factor > 1))
    .toSorted((a, b) => (measure.more ? a.factor - b.factor : b.factor - a.factor));
  if (better.length === 0) return [];
  const others = better.map(({ row, factor }) => `${row.name}${mark(row)} ${say(row)} (${factor.toFixed(2)} ×)`);
  const where = `${measure.name}, ${hops === 1 ? "one hop" : "three hops"}`;
  return [`${where}: ${say(mine)} ${measure.unit} against ${others.join(", ")}`];
}

/** The sign of a footnote after the name of a row that is shown for comparison only. */
export function mark(row: Row): string {
  return row.rival || row.hops === 0 || row.name.startsWith("Byway") ? "" : " ¹";
}
