import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { parseArgs } from "node:util";
import { encodeSocks5Greeting, encodeSocks5Request } from "../src/wire/socks5-client.ts";
import { startByway } from "./peers/byway.ts";
import { freePort, Site } from "./site.ts";
import { median, ratio } from "./statistics.ts";

// What a bound source address costs an exit: many short streams to one target through two nodes, one with --bind-egress and
// one without, which take turns. The app ends first, so each stream leaves a pair of ports behind at the exit for a minute.
//   node bench/egress.ts [--streams 4000] [--runs 10] [--width 32] [--nodes unbound,bound]

const { values } = parseArgs({
  options: {
    streams: { type: "string", default: "4000" },
    runs: { type: "string", default: "10" },
    width: { type: "string", default: "32" },
    nodes: { type: "string", default: "unbound,bound" },
  },
});
const HOST = "127.200.0.1";
const VARIANTS: Readonly<Record<string, readonly string[]>> = {
  unbound: [],
  bound: ["--bind-egress", "127.10.0.1"],
};

interface Variant {
  readonly name: string;
  readonly via: { readonly host: string; readonly port: number };
  readonly rates: number[];
  failed: number;
}

const stopping = new AbortController();
process.once("SIGINT", () => stopping.abort());
await using site = new Site(stopping.signal);

const target = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
  socket.on("error", () => {}).once("data", () => socket.write("x"));
  socket.on("end", () => socket.end());
});
const at = { host: HOST, port: await freePort(HOST) };
target.listen({ ...at, backlog: 4096 });
await once(target, "listening");
site.defer(() => void target.close());

const variants: Variant[] = [];
for (const name of values.nodes.split(",")) {
  const settings = VARIANTS[name] ?? [];
  const { proxy } = await startByway(site.part(String(variants.length)), at, { nodes: 1, hops: 1, settings });
  variants.push({ name, via: proxy, rates: [], failed: 0 });
}

const hello = Buffer.concat([encodeSocks5Greeting([0]), encodeSocks5Request("connect", at), Buffer.from("x")]);
// What comes back: the choice of a method, a reply with an IPv4 address, and the target's byte.
const ANSWER_BYTES = 2 + 10 + 1;

/** One stream; the app is the first to end it. False when it failed. */
function stream(via: Variant["via"]): Promise<boolean> {
  const socket: Socket = connect({ ...via, noDelay: true });
  let bytes = 0;
  socket.write(hello);
  socket.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes === ANSWER_BYTES) socket.end();
  });
  return new Promise((resolve) => {
    socket.on("error", () => {});
    socket.on("close", (hadError) => resolve(!hadError && bytes === ANSWER_BYTES));
  });
}

async function run(variant: Variant): Promise<void> {
  let left = Number(values.streams);
  const startMs = performance.now();
  const next = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      if (!(await stream(variant.via))) variant.failed += 1;
    }
  };
  await Promise.all(Array.from({ length: Number(values.width) }, next));
  variant.rates.push((1_000 * Number(values.streams)) / (performance.now() - startMs));
}

for (let round = 0; round < Number(values.runs); round += 1) {
  stopping.signal.throwIfAborted();
  for (const variant of round % 2 === 0 ? variants : variants.toReversed()) await run(variant);
}

const [unbound] = variants;
console.log("| node | streams/s, median | against the first | failed | run by run |");
console.log("|---|---:|---:|---:|---|");
for (const { name, rates, failed } of variants) {
  const cells = [median(rates).toFixed(0), `${ratio(rates, unbound?.rates ?? []).toFixed(3)} ×`, failed];
  console.log(`| ${name} | ${cells.join(" | ")} | ${rates.map((rate) => rate.toFixed(0)).join(" ")} |`);
}
