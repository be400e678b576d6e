import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { systemClock } from "../src/core/clock.ts";
import { silentLogger } from "../src/core/logger.ts";
import { seededRandom, systemRandom } from "../src/core/random.ts";
import { GossipBudget } from "../src/discovery/gossip-budget.ts";
import { GossipListener } from "../src/discovery/gossip-listener.ts";
import { generateIdentity } from "../src/identity/identity.ts";
import { PeerBook } from "../src/peers/peer-book.ts";
import { PeerStore } from "../src/peers/peer-store.ts";
import type { PeerOrder } from "../src/peers/query-peers.ts";
import { openAdvertisement, signAdvertisement } from "../src/peers/signed-advertisement.ts";
import { decodeAdvertisement } from "../src/wire/advertisement.ts";
import { decodeEnvelope } from "../src/wire/envelope.ts";
import type { PeerQuery } from "../src/wire/peer-query.ts";
import { sampleProcess } from "./process-sample.ts";
import { syntheticAdvertisement, syntheticEntries } from "./synthetic-peers.ts";

// The directory's store with 100,000 synthetic advertisements: `npm run bench:directory [-- --json] [--peers N]`.
// What is said to be CPU is processor time, which other programs on the machine disturb less; the rest is of the wall.

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    peers: { type: "string", default: "100000" },
    signed: { type: "string", default: "4000" },
    queries: { type: "string", default: "1000" },
  },
});
const peers = Number(values.peers);
const signed = Number(values.signed);
const queries = Number(values.queries);

interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What the value must reach, or must stay below where the unit is not a rate. */
  readonly goal?: number;
}

const figures: Figure[] = [];
function note(name: string, value: number, unit: string, goal?: number): void {
  figures.push({ name, value, unit, ...(goal === undefined ? {} : { goal }) });
}

function cpuSeconds(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

function wallMs(run: () => void): number {
  const before = performance.now();
  run();
  return performance.now() - before;
}

/** Milliseconds of processor time of each of `queries` runs, from the least to the most. */
function cpuMsEach(run: () => void): readonly number[] {
  return Array.from({ length: queries }, () => cpuSeconds(run) * 1000).sort((a, b) => a - b);
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

const components = { clock: systemClock, random: systemRandom, logger: silentLogger };
const nowSec = Math.floor(Date.now() / 1000);
const folder = mkdtempSync(join(tmpdir(), "byway-bench-"));
const path = join(folder, "directory.sqlite");

function rss(): number {
  global.gc?.();
  return sampleProcess(process.pid).rssBytes;
}

function measureStore(): void {
  const entries = syntheticEntries(peers, nowSec);
  let store = new PeerStore(components, { path, capacity: peers });
  const insert = cpuSeconds(() => {
    for (let at = 0; at < peers; at += 1_000) store.put(entries.slice(at, at + 1_000));
  });
  note("insert, batches of 1,000", peers / insert, "per CPU second", 20_000);
  const small = entries.slice(0, 10_000).map((entry) => ({ ...entry, seq: entry.seq + 1_000 }));
  const renew = cpuSeconds(() => {
    for (let at = 0; at < small.length; at += 50) store.put(small.slice(at, at + 50));
  });
  note("renew, batches of 50", small.length / renew, "per CPU second");
  store.close();
  note("file", statSync(path).size / peers, "bytes a peer", 1024);

  note(
    "open",
    wallMs(() => (store = new PeerStore(components, { path, capacity: peers }))),
    "ms",
    50,
  );
  const queries: readonly (readonly [string, PeerQuery, PeerOrder])[] = [
    ["query us, 50 at random", { countries: ["us"] }, "random"],
    ["query us exits with udp, 50 at random", { countries: ["us"], roles: ["exit"], protocols: ["udp"] }, "random"],
    ["query 1 of se, mobile", { countries: ["se"], networks: ["mobile"] }, "random"],
    ["query us, 50 reached", { countries: ["us"] }, "reached"],
    ["query of a city, 50 at random", { cities: ["Town 7"] }, "random"],
    ["query us and a city, 50 at random", { countries: ["us"], cities: ["Town 7"] }, "random"],
    ["query us, city and AS", { countries: ["us"], cities: ["Town 7"], asns: [7] }, "random"],
    ["query of a region of us, 50 at random", { countries: ["us"], regions: ["us 7"] }, "random"],
    ["query us, 50 of a provider at random", { countries: ["us"], isps: ["example"] }, "random"],
  ];
  for (const { peer } of entries.slice(0, 500)) store.recordCheck(peer, 30);
  const before = rss();
  for (const [name, query, order] of queries) {
    const limit = name.startsWith("query 1") ? 1 : 50;
    const times = cpuMsEach(() => store.query(query, { limit, order }));
    note(`${name}: p50`, percentile(times, 0.5), "CPU ms", 1);
    note(`${name}: p99`, percentile(times, 0.99), "CPU ms", 1);
  }
  note("memory after queries", Math.max(0, rss() - before) / peers, "bytes a peer", 1024);
  note(
    "query of what nobody has",
    wallMs(() => store.query({ countries: ["us"], roles: ["x"] }, { limit: 1, order: "random" })),
    "ms",
  );
  note(
    "query of a region that nobody has",
    wallMs(() => store.query({ regions: ["nowhere"] }, { limit: 1, order: "random" })),
    "ms",
  );
  note(
    "count of one country",
    wallMs(() => store.count({ countries: ["us"] })),
    "ms",
  );
  note(
    "counts of all",
    wallMs(() => store.counts()),
    "ms",
  );
  store.close();

  store = new PeerStore(components, { path, capacity: peers - 1 });
  note(
    "write to a full store, 501 go",
    wallMs(() => store.put(entries.slice(0, 1))),
    "ms",
  );
  store.close();
}

function measureMemory(): void {
  const entries = syntheticEntries(Math.min(peers, 50_000), nowSec);
  const before = rss();
  const store = new PeerStore(components, { path: ":memory:", capacity: peers });
  for (let at = 0; at < entries.length; at += 1_000) store.put(entries.slice(at, at + 1_000));
  note("memory, without a file", (rss() - before) / entries.length, "bytes a peer", 1024);
  store.close();
}

function measureChecking(): void {
  const random = seededRandom(5);
  const envelopes = Array.from({ length: signed }, () => {
    const identity = generateIdentity();
    return signAdvertisement(syntheticAdvertisement(identity.publicKey, nowSec, random), identity);
  });
  const nowMs = nowSec * 1000;
  const check = cpuSeconds(() => {
    for (const envelope of envelopes) openAdvertisement(envelope, { nowMs, localNetwork: true });
  });
  note("check of an advertisement", signed / check, "per CPU second", 2_000);
  const store = new PeerStore(components, { path: join(folder, "book.sqlite") });
  const book = new PeerBook(
    { store, clock: systemClock, logger: silentLogger },
    { localNetwork: true, quotas: { perPrefix: 1_000, perAsn: 4_000 } },
  );
  const gossip = { kind: "gossip" } as const;
  const add = cpuSeconds(() => {
    for (const envelope of envelopes) book.add(envelope, gossip);
    book.flush();
  });
  note("add with all checks and quotas", signed / add, "per CPU second", 2_000);
  const again = cpuSeconds(() => {
    for (const envelope of envelopes) book.add(envelope, gossip);
  });
  note("add of what is known", signed / again, "per CPU second");
  const find = cpuMsEach(() => book.find({ countries: ["us"] }, 50, "random"));
  note("find us, 50 at random: p50", percentile(find, 0.5), "CPU ms", 1);
  note("find us, 50 at random: p99", percentile(find, 0.99), "CPU ms");
  book.stop();
  store.close();
}

/** Every message of another origin, brought by neighbours that each keep within their rate. */
function measureGossip(): void {
  const random = seededRandom(6);
  const messages = Array.from({ length: signed }, () => {
    const identity = generateIdentity();
    return signAdvertisement(syntheticAdvertisement(identity.publicKey, nowSec, random), identity);
  });
  const neighbours = Array.from({ length: 64 }, () => generateIdentity().peerId);
  const store = new PeerStore(components, { path: join(folder, "gossip.sqlite") });
  const book = new PeerBook({ store, clock: systemClock, logger: silentLogger }, { localNetwork: true });
  const listener = new GossipListener({
    clock: systemClock,
    add: (envelope, peer) => {
      book.add(envelope, { kind: "gossip", peer });
      return decodeAdvertisement(decodeEnvelope(envelope).payload);
    },
    networkOf: () => undefined,
    reject: () => {},
  });
  const topic = { country: "us", budget: new GossipBudget({ clock: systemClock }) };
  const spent = cpuSeconds(() => {
    for (const [at, message] of messages.entries()) {
      const from = neighbours[at % neighbours.length];
      if (from !== undefined) listener.check(message, from, topic);
    }
    book.flush();
  });
  note("gossip, each message of a new origin", signed / spent, "per CPU second", 2_000);
  book.stop();
  store.close();
}

try {
  measureChecking();
  measureGossip();
  measureStore();
  measureMemory();
} finally {
  rmSync(folder, { recursive: true });
}

const isRate = (figure: Figure): boolean => figure.unit.startsWith("per");
const verdict = (figure: Figure): string => {
  if (figure.goal === undefined) return "";
  return isRate(figure) === figure.value >= figure.goal ? "reached" : "MISSED";
};
const digits = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString("en") : value.toPrecision(3);
if (values.json) console.log(JSON.stringify({ peers, signed, queries, figures }, undefined, 2));
else {
  console.log(`${peers.toLocaleString("en")} peers`);
  for (const figure of figures) {
    const goal = figure.goal === undefined ? "" : `${isRate(figure) ? "≥" : "<"} ${figure.goal.toLocaleString("en")}`;
    console.log(
      `${figure.name.padEnd(44)} ${digits(figure.value).padStart(10)} ${figure.unit.padEnd(15)} ${goal.padEnd(10)} ${verdict(figure)}`,
    );
  }
}
