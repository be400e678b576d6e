import type { Panel } from "./plot.ts";
import type { Results } from "./results.ts";

type Cells = readonly string[];

/** The run as the generated part of docs/simulation.md. */
export function toMarkdown(results: Results): string {
  return [
    `${results.date}, commit ${results.commit}; the model took ${results.seconds} s on two cores that others used too.`,
    "![Plots of the figures below](simulation.svg)",
    "### Look-ups",
    table(lookUpLines(results)),
    "### The index of a country",
    table(indexLines(results)),
    `${count(results.rush.nodes)} nodes of one country that come within one minute, none knowing of the others:`,
    table(rushLines(results)),
    "### How soon a new advertisement is found",
    table(freshnessLines(results)),
    "### What an hour costs",
    table(costLines(results)),
    "### Half of the nodes leave within ten minutes",
    table(churnLines(results)),
    "### 39 hostile identities to 1 honest",
    table(attackLines(results)),
    "### Real libp2p",
    libp2pText(results),
    "### Assumptions",
    table(assumptionLines(results)),
  ].join("\n\n");
}

/** The panels of docs/simulation.svg. */
export function toPanels({ lookUps, costs, churn, attacks, index, rush }: Results): readonly Panel[] {
  const ways = [...new Set(lookUps.map(({ way }) => way))];
  const sizes = [...new Set(lookUps.map(({ peers }) => peers))].map(count);
  const of = (way: string, value: (one: Results["lookUps"][number]) => number): readonly number[] =>
    lookUps.filter((one) => one.way === way).map(value);
  const lines = (names: readonly string[], values: (name: string) => readonly number[]): Panel["lines"] =>
    names.map((name) => ({ name, values: values(name) }));
  const silent = churn.filter(({ saidGoodbye }) => saidGoodbye === 0).slice(0, 7);
  const who = ["node", "client"] as const;
  return [
    {
      title: "Hops of a look-up, by peers",
      steps: sizes,
      unit: "",
      digits: 1,
      lines: lines(ways, (way) => of(way, ({ hops }) => hops)),
    },
    {
      title: "Share of the 20 closest peers that a look-up finds",
      steps: sizes,
      unit: "",
      digits: 2,
      lines: lines(ways, (way) => of(way, ({ right }) => right)),
    },
    {
      title: "Keys of the index that are read, by nodes of the country",
      steps: index.map(({ nodes }) => count(nodes)),
      unit: "",
      digits: 1,
      lines: [
        { name: "first search", values: index.map(({ readsCold }) => readsCold) },
        { name: "later search", values: index.map(({ readsWarm }) => readsWarm) },
        { name: "joining", values: index.map(({ readsToJoin }) => readsToJoin) },
      ],
    },
    {
      title: `Nodes that the index does not name after a rush of ${count(rush.nodes)}, by minutes`,
      steps: rush.steps.map(({ minute }) => `${minute}`),
      unit: "%",
      digits: 0,
      lines: [{ name: "not named", values: rush.steps.map(({ lost }) => 100 * lost) }],
    },
    {
      title: "MB an hour for the directory, by peers",
      steps: sizes,
      unit: "MB",
      digits: 1,
      lines: lines(who, (name) => costs.filter((one) => one.who === name).map(({ total }) => total / 1e6)),
    },
    {
      title: "Share of picks that were alive while half of the nodes left, by way of checking",
      steps: silent.map((_, at) => "ABCDEFG"[at] ?? ""),
      unit: "",
      digits: 2,
      lines: [
        { name: "ten minutes", values: silent.map(({ alive }) => alive) },
        { name: "worst minute", values: silent.map(({ worstMinute }) => worstMinute) },
      ],
    },
    {
      title: "Share of a client's usable set that a crowd of 39 to 1 takes",
      steps: ["few networks", "as many", "ten times as many"],
      unit: "%",
      digits: 0,
      lines: [false, true].map((rules) => ({
        name: rules ? "with the rules" : "without",
        values: attacks.filter(({ withRules }) => withRules === rules).map(({ usable }) => 100 * usable),
      })),
    },
  ];
}

function lookUpLines({ lookUps }: Results): readonly Cells[] {
  return [
    ["peers", "tables and paths", "hops (p99)", "peers asked (p99)", "right", "with a fifth gone", "two meet"],
    ...lookUps.map((one) => [
      count(one.peers),
      one.way,
      `${one.hops.toFixed(1)} (${one.hopsP99})`,
      `${one.asked.toFixed(0)} (${one.askedP99})`,
      percent(one.right),
      percent(one.rightWithGone),
      percent(one.met),
    ]),
  ];
}

function indexLines({ index }: Results): readonly Cells[] {
  return [
    [
      "nodes",
      "depth",
      "fullest shard",
      "reads to join",
      "reads of a first search",
      "of a later one",
      "found",
      "estimate / size",
      "reads of the hottest key in a round of reviews",
    ],
    ...index.map((one) => [
      count(one.nodes),
      `${one.depth}`,
      `${one.largestShard}`,
      one.readsToJoin.toFixed(1),
      one.readsCold.toFixed(1),
      one.readsWarm.toFixed(1),
      one.found.toFixed(0),
      one.estimate.toFixed(2),
      count(one.hottestKeyReads),
    ]),
  ];
}

function rushLines({ rush }: Results): readonly Cells[] {
  return [
    ["minute", ...rush.steps.map(({ minute }) => `${minute}`)],
    ["fullest shard", ...rush.steps.map(({ largestShard }) => count(largestShard))],
    ["not named", ...rush.steps.map(({ lost }) => percent(lost))],
  ];
}

function freshnessLines({ freshness }: Results): readonly Cells[] {
  return [
    [
      "peers",
      "of its country",
      "in the DHT",
      "by id, then",
      "named in the index",
      "a search",
      "by gossip",
      "chance of gossip",
      "clients that hold it after an hour",
    ],
    ...freshness.map((one) => [
      count(one.peers),
      count(one.country),
      seconds(one.putSec),
      seconds(one.getSec),
      seconds(one.namedSec),
      seconds(one.searchSec),
      seconds(one.gossipSec),
      percent(one.gossipChance),
      percent(one.knownAfterHour),
    ]),
  ];
}

function costLines({ costs }: Results): readonly Cells[] {
  const mega = (bytes: number): string => (bytes / 1e6).toFixed(2);
  return [
    ["peers", "who", "gossip MB", "own look-ups", "answering look-ups", "exchange", "checks", "in all MB", "kbit/s"],
    ...costs.map((one) => [
      count(one.peers),
      one.who,
      mega(one.gossip),
      mega(one.lookUps),
      mega(one.answering),
      mega(one.exchange),
      mega(one.checks),
      mega(one.total),
      ((one.total * 8) / 3_600 / 1_000).toFixed(1),
    ]),
  ];
}

function churnLines({ churn }: Results): readonly Cells[] {
  return [
    ["", "way", "say goodbye", "alive", "worst minute", "to pick from", "at the least", "checks an hour at rest"],
    ...churn.map((one, at) => [
      one.saidGoodbye === 0 ? ("ABCDEFG"[at] ?? "") : "",
      one.way,
      percent(one.saidGoodbye),
      percent(one.alive),
      percent(one.worstMinute),
      one.choice.toFixed(0),
      one.leastChoice.toFixed(0),
      count(Math.round(one.checksAtRest)),
    ]),
  ];
}

function attackLines({ attacks }: Results): readonly Cells[] {
  return [
    ["the crowd comes from", "rules", "exchange", "index", "gossip", "usable set of 200"],
    ...attacks.map((one) => [
      one.from,
      one.withRules ? "yes" : "no",
      percent(one.exchange),
      percent(one.index),
      percent(one.gossip),
      percent(one.usable),
    ]),
  ];
}

function libp2pText({ libp2p }: Results): string {
  if (libp2p === undefined) return "Left out of this run.";
  const lines: readonly Cells[] = [
    ["hosts", count(libp2p.hosts)],
    ["records found by id", percent(libp2p.recordsFound)],
    ["a look-up, ms (p99)", `${libp2p.lookUpMs.toFixed(0)} (${libp2p.lookUpP99Ms.toFixed(0)})`],
    ["of all hosts, found by one search of the index", percent(libp2p.indexFound)],
    ["keys that it read, depth of the index", `${libp2p.indexReads.toFixed(1)}, ${libp2p.depth}`],
    ["all joined, with record and name, after s", libp2p.joinedSec.toFixed(0)],
    ["connections of a host", libp2p.connections.toFixed(0)],
    ["what hosts take the size for, over the size", libp2p.estimate.toFixed(2)],
    ["memory of a host, MB", libp2p.residentMbPerHost.toFixed(1)],
    ["CPU of a host in all, s", libp2p.cpuSecPerHost.toFixed(1)],
  ];
  return table([["what", "figure"], ...lines]);
}

function assumptionLines({ assumptions }: Results): readonly Cells[] {
  return [
    ["what", "value", "unit", "why"],
    ...Object.entries(assumptions).map(([name, { value, unit, why }]) => [name, `${value}`, unit, why]),
  ];
}

function table([head = [], ...rest]: readonly Cells[]): string {
  const rule = head.map((_, column) => (column === 0 ? "---" : "--:"));
  return [head, rule, ...rest].map((line) => `| ${line.join(" | ")} |`).join("\n");
}

function count(figure: number): string {
  return figure.toLocaleString("en-US");
}

function percent(share: number): string {
  const needsDigit = (share > 0 && share < 0.01) || (share > 0.99 && share < 1);
  return `${(100 * share).toFixed(needsDigit ? 1 : 0)} %`;
}

function seconds(figure: number): string {
  return `${figure.toFixed(1)} s`;
}
