import type { Duplex } from "node:stream";
import { CircuitBuilder, type CircuitBuilderComponents } from "../../src/circuit/circuit-builder.ts";
import type { PathSelector } from "../../src/circuit/circuit-request.ts";
import type { Hop } from "../../src/circuit/hop.ts";
import { type Clock, systemClock } from "../../src/core/clock.ts";
import { BywayError } from "../../src/core/errors.ts";
import { systemRandom } from "../../src/core/random.ts";
import { abortStream } from "../../src/flow/abort-stream.ts";
import { splice } from "../../src/flow/splice.ts";
import type { PeerId } from "../../src/identity/peer-id.ts";
import type { IncomingStream } from "../../src/link/incoming-stream.ts";
import { MemoryTransport } from "../../src/link/memory-transport.ts";
import { Observer } from "../../src/trust/observer.ts";
import { hopOf } from "./hops.ts";
import { type LinkBench, serveLink } from "./link-bench.ts";
import { roomyBudget } from "./roomy-budget.ts";

/** Nodes in memory, each of which carries onward by peer id and echoes as an exit. */
export interface HopNetwork extends AsyncDisposable {
  readonly peers: readonly PeerId[];
  /** How often hops were chosen. */
  readonly plans: number;
  /** Links open at all nodes. */
  readonly links: number;
  linksOf(index: number): number;
  /** Onward and echoed streams open at a node. */
  streamsOf(index: number): number;
  /** Chooses the first `count` nodes that have neither failed nor retired, kept ones first, the exit as wished. */
  choose(count: number): PathSelector;
  /** From now on no byte of a node arrives over the connections that it has. */
  freeze(index: number): void;
  /** Ends all connections that a node has, abruptly. */
  cut(index: number): void;
  hopsOf(...indices: readonly number[]): readonly Hop[];
  /** From now on a node is no longer chosen. */
  retire(index: number): void;
  /** Called before a node carries onward; throws or waits to make it fail or hang. */
  beforeOnward: (index: number, peerId: string) => Promise<void>;
  /** Called before a node accepts a stream as an exit; throws or waits to make it refuse or hang. */
  beforeTarget: (index: number) => Promise<void>;
  /** Called before a node is dialled. */
  beforeDial: (peerId: string) => Promise<void>;
  builder(clock?: Clock, told?: Partial<Pick<CircuitBuilderComponents, "random" | "observer">>): CircuitBuilder;
}

/** Starts `count` nodes. */
export async function hopNetwork(count: number): Promise<HopNetwork> {
  const transport = new MemoryTransport();
  const served: LinkBench[] = [];
  const streams = Array.from({ length: count }, () => 0);
  const raws: Duplex[][] = Array.from({ length: count }, () => []);
  const retired = new Set<string>();
  let plans = 0;

  const dial = async (peerId: string): Promise<Duplex> => {
    const index = served.findIndex(({ identity }) => identity.peerId === peerId);
    const node = served[index];
    if (node === undefined) throw new BywayError("ERR_HOP_UNREACHABLE", "nobody answers there");
    await network.beforeDial(peerId);
    const raw = await node.dial();
    raws[index]?.push(raw);
    return raw;
  };
  const carry = async (index: number, incoming: IncomingStream, far: (stream: Duplex) => Promise<unknown>) => {
    streams[index] = (streams[index] ?? 0) + 1;
    incoming.signal.addEventListener("abort", () => {
      streams[index] = (streams[index] ?? 0) - 1;
    });
    await far(incoming.accept());
  };
  for (let index = 0; index < count; index += 1) {
    const services = {
      connectTarget: async (incoming: IncomingStream) => {
        await network.beforeTarget(index);
        await carry(index, incoming, async (stream) => void stream.on("error", () => {}).pipe(stream));
      },
      connectHop: async (incoming: IncomingStream, peerId: string) => {
        await network.beforeOnward(index, peerId);
        const next = await dial(peerId);
        await carry(index, incoming, (stream) => splice({ clock: systemClock, budget: roomyBudget() }, stream, next));
      },
    };
    served.push(await serveLink(transport, services));
  }
  const hops = served.map(({ identity }) => hopOf(identity));

  const choose =
    (length: number): PathSelector =>
    ({ kept, failed, exit }) => {
      plans += 1;
      const free = hops.filter(({ peerId }) => !kept.some((hop) => hop.peerId === peerId));
      const fit = free.filter(({ peerId }) => !failed.has(peerId) && !retired.has(peerId));
      const last = exit === undefined ? undefined : fit.find(({ peerId }) => peerId === exit);
      const between = fit.filter((hop) => hop !== last).slice(0, length - kept.length - (last === undefined ? 0 : 1));
      const chosen = [...kept, ...between, ...(last === undefined ? [] : [last])];
      if (chosen.length < length || (exit !== undefined && last === undefined))
        throw new BywayError("ERR_NO_NODE", "nobody is left");
      return chosen;
    };
  const network: HopNetwork = {
    peers: hops.map(({ peerId }) => peerId),
    get plans() {
      return plans;
    },
    get links() {
      return served.reduce((sum, { server }) => sum + server.links, 0);
    },
    linksOf: (index) => served[index]?.server.links ?? 0,
    streamsOf: (index) => streams[index] ?? 0,
    choose,
    freeze: (index) => {
      for (const raw of raws[index] ?? []) raw.push = () => true;
    },
    cut: (index) => {
      for (const raw of raws[index] ?? []) abortStream(raw);
    },
    hopsOf: (...indices) => indices.flatMap((index) => hops[index] ?? []),
    retire: (index) => retired.add(String(hops[index]?.peerId)),
    beforeOnward: async () => {},
    beforeTarget: async () => {},
    beforeDial: async () => {},
    builder: (clock = systemClock, told = {}) =>
      new CircuitBuilder({
        random: systemRandom,
        observer: new Observer({ clock }),
        ...told,
        clock,
        budget: roomyBudget(),
        dialler: { reach: (_way, peerId) => dial(peerId) },
      }),
    async [Symbol.asyncDispose]() {
      for (const node of served) await node[Symbol.asyncDispose]();
    },
  };
  return network;
}
