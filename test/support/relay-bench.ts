import type { Duplex } from "node:stream";
import type { TestContext } from "node:test";
import { BywayError } from "../../src/core/errors.ts";
import { FakeClock } from "../../src/core/fake-clock.ts";
import type { HostPort } from "../../src/core/network-address.ts";
import type { Identity } from "../../src/identity/identity.ts";
import { directTo } from "../../src/link/direct-way.ts";
import type { IncomingStream } from "../../src/link/incoming-stream.ts";
import { MemoryPipe } from "../../src/link/memory-pipe.ts";
import { MemoryTransport } from "../../src/link/memory-transport.ts";
import { RELAY_LIMITS } from "../../src/relay/limits.ts";
import { type RelayComponents, type RelayOptions, RelayService } from "../../src/relay/relay-service.ts";
import { serveLink } from "./link-bench.ts";
import { roomyBudget } from "./roomy-budget.ts";
import { settled } from "./settled.ts";
import { someLink } from "./some-link.ts";

/** Who asks the relay, and for what; the header is the endpoints themselves. */
export interface BenchRequest {
  readonly peer: string;
  readonly endpoints: readonly HostPort[];
  readonly link?: number;
  readonly from?: string;
}

/** How a request ended: `carried`, or the code and the words of the refusal, and after how long. */
export interface BenchAnswer {
  readonly said: string;
  readonly afterMs: number;
}

/** A request under way. */
export interface BenchAsk {
  readonly answer: Promise<BenchAnswer>;
  readonly client: Duplex;
  /** The client takes it back. */
  reset(): void;
}

/** A relay on a clock that stands still, and a network in which `reach` decides what is where. */
export class RelayBench {
  readonly clock: FakeClock = new FakeClock();
  readonly service: RelayService;
  /** Every endpoint that was dialled. */
  readonly dialled: HostPort[] = [];

  constructor(reach: Reach, options: RelayOptions = {}, components: Partial<RelayComponents> = {}) {
    this.service = new RelayService(
      {
        clock: this.clock,
        budget: roomyBudget(),
        locate: async ({ shown = Buffer.of() }) => ({
          ways: (JSON.parse(Buffer.from(shown).toString()) as HostPort[]).map(directTo),
        }),
        dialler: {
          reach: ({ at }, _peerId, signal) => {
            this.dialled.push(at);
            return reach(at, signal);
          },
        },
        ...components,
      },
      options,
    );
  }

  ask({ peer, endpoints, link = 1, from = "203.0.113.200" }: BenchRequest): BenchAsk {
    const [client, far] = MemoryPipe.pair();
    const taken = new AbortController();
    const beganMs = this.clock.monotonicMs();
    const incoming = {
      headers: { "byway-advertisement": Buffer.from(JSON.stringify(endpoints)).toString("base64url") },
      link: someLink(link, from),
      signal: taken.signal,
      accept: () => far,
    } as unknown as IncomingStream;
    const answer = this.service.connectHop(incoming, peer).then(
      () => "carried",
      (error: BywayError) => `${error.code} ${error.message}`,
    );
    return {
      client,
      answer: answer.then((said) => ({ said, afterMs: this.clock.monotonicMs() - beganMs })),
      reset: () => taken.abort(new BywayError("ERR_ABORTED", "the far side ended the stream")),
    };
  }

  /** Lets all that is ready run, then the time in which failed proofs are answered pass. */
  async passAnswers(): Promise<void> {
    await settled();
    this.clock.advance(RELAY_LIMITS.unknownProofMs.value);
    await settled();
  }
}

/** What becomes of a connection to an endpoint. */
export type Reach = (endpoint: HostPort, signal: AbortSignal) => Promise<Duplex>;

type NoNode = "closed" | "no route" | "prohibited" | "mail" | "filtered" | "silent" | "another protocol";

/** Ways in which an endpoint is no node of the key that is asked for. */
export const NO_NODES: Readonly<Record<NoNode, Reach>> = {
  closed: () => Promise.reject(new BywayError("ERR_HOP_UNREACHABLE", "the hop refused the connection")),
  "no route": () => Promise.reject(new BywayError("ERR_HOP_UNREACHABLE", "the hop cannot be reached")),
  prohibited: () => Promise.reject(new BywayError("ERR_TARGET_PROHIBITED", "10.0.0.1 is private")),
  mail: () => Promise.reject(new BywayError("ERR_POLICY_PORT", "port 25 is for mail")),
  // Does not answer the SYN.
  filtered: (_, signal) =>
    new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true })),
  // Accepts and says nothing.
  silent: async () => MemoryPipe.pair()[0],
  "another protocol": async () => {
    const [near, far] = MemoryPipe.pair();
    far.on("error", () => {}).resume();
    far.end("SSH-2.0-example\r\n");
    return near;
  },
};

/** A node in memory, and how to reach it. */
export async function memoryNode(t: TestContext): Promise<{ identity: Identity; dial(): Promise<Duplex> }> {
  const served = await serveLink(new MemoryTransport(), {});
  t.after(() => served[Symbol.asyncDispose]());
  return served;
}
