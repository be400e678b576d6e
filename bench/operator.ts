import { parseArgs } from "node:util";
import { buildLoad, fetchThrough, type LoadWay, startSource } from "./load-program.ts";
import { startByway } from "./peers/byway.ts";
import { cpuSeconds } from "./process-family.ts";
import { freePort, Site } from "./site.ts";
import { median, ratio } from "./statistics.ts";

// What an operator's limits and accountability log cost: one hop through nodes that differ in nothing else, which take turns.
//   node bench/operator.ts [--gb 1] [--streams 4000] [--runs 7]

const { values } = parseArgs({
  options: {
    gb: { type: "string", default: "1" },
    streams: { type: "string", default: "4000" },
    runs: { type: "string", default: "7" },
  },
});
const FAR_ABOVE = "10000000";
const VARIANTS: Readonly<Record<string, readonly string[]>> = {
  neither: ["--log", "off"],
  "neither, again": ["--log", "off"],
  "speed and volume far above": ["--log", "off", "--up-mbps", FAR_ABOVE, "--monthly-gb", FAR_ABOVE],
  "the log": ["--log", "required"],
  both: ["--log", "required", "--up-mbps", FAR_ABOVE, "--monthly-gb", FAR_ABOVE],
};
const WIDTH = 32;

interface Run {
  readonly mbPerSecond: number;
  readonly cpuPerGb: number;
  readonly streamsPerSecond: number;
  readonly cpuPerThousand: number;
}

interface Variant {
  readonly name: string;
  readonly way: LoadWay;
  readonly pids: readonly number[];
  readonly runs: Run[];
}

const stopping = new AbortController();
process.once("SIGINT", () => stopping.abort());
await using site = new Site(stopping.signal);
const load = await buildLoad(site);
const source = { host: "127.200.0.1", port: await freePort("127.200.0.1") };
await startSource(site, load, source);

const variants: Variant[] = [];
for (const [name, settings] of Object.entries(VARIANTS)) {
  const { proxy, clientPid, nodes } = await startByway(site.part(String(variants.length)), source, {
    nodes: 1,
    hops: 1,
    settings,
  });
  const vias = [`socks5:${proxy.host}:${proxy.port}`];
  variants.push({
    name,
    way: { inside: [], target: source, vias },
    pids: [clientPid, ...nodes.map(({ pid }) => pid)],
    runs: [],
  });
}

async function measure({ way, pids }: Variant): Promise<Run> {
  const [gb, streams] = [Number(values.gb), Number(values.streams)];
  const start = cpuSeconds(pids);
  const bulk = await fetchThrough(site, load, way, { path: `/${gb * 1e9}`, total: 1, width: 1 });
  const middle = cpuSeconds(pids);
  const small = await fetchThrough(site, load, way, { path: "/100", total: streams, width: WIDTH });
  return {
    mbPerSecond: bulk.bytes / bulk.seconds / 1e6,
    cpuPerGb: (middle - start) / gb,
    streamsPerSecond: small.streams / small.seconds,
    cpuPerThousand: ((cpuSeconds(pids) - middle) * 1_000) / streams,
  };
}

// The first round warms up. Every second one goes backwards, so that none is always first.
for (let round = 0; round <= Number(values.runs); round += 1) {
  for (const variant of round % 2 === 0 ? variants : variants.toReversed()) {
    const run = await measure(variant);
    if (round > 0) variant.runs.push(run);
  }
}

const FIGURES: readonly (readonly [name: string, of: keyof Run])[] = [
  ["MB/s", "mbPerSecond"],
  ["CPU s/GB", "cpuPerGb"],
  ["streams/s", "streamsPerSecond"],
  ["CPU s/1,000 streams", "cpuPerThousand"],
];
const [first] = variants;
const cells = ({ runs }: Variant): readonly string[] =>
  FIGURES.map(([, of]) => {
    const mine = runs.map((run) => run[of]);
    const others = (first?.runs ?? []).map((run) => run[of]);
    return `${median(mine).toPrecision(3)} (${ratio(mine, others).toFixed(3)} ×)`;
  });
console.log(`| node with | ${FIGURES.map(([name]) => name).join(" | ")} |`);
console.log(`|---|${FIGURES.map(() => "---:|").join("")}`);
for (const variant of variants) console.log(`| ${variant.name} | ${cells(variant).join(" | ")} |`);
console.log(`\nMedians of ${values.runs} runs in turns; ratios are medians by round against the first row.`);
