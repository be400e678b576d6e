import { Circuit, type CircuitLink } from "../../src/circuit/circuit.ts";
import type { Hop } from "../../src/circuit/hop.ts";
import type { Clock } from "../../src/core/clock.ts";
import { BywayError } from "../../src/core/errors.ts";
import { seededRandom } from "../../src/core/random.ts";
import type { ByteBudget } from "../../src/flow/byte-budget.ts";
import type { PeerId } from "../../src/identity/peer-id.ts";
import { directTo } from "../../src/link/direct-way.ts";
import type { PendingStream } from "../../src/link/link.ts";
import { roomyBudget } from "./roomy-budget.ts";

/** A link without a network, as the test sets it. It carries nothing. */
export class FakeLink implements CircuitLink {
  readonly peerId: PeerId;
  readonly budget: ByteBudget = roomyBudget();
  readonly closed: Promise<void>;
  usable = true;
  ended = false;
  streams = 0;
  room = 1_000;
  bytes = 0;
  bytesReceived = 0;
  readonly #isSilent: () => boolean;
  readonly #closing = Promise.withResolvers<void>();

  /** It answers no ping as long as `isSilent` says so. */
  constructor(peerId: PeerId, isSilent: () => boolean) {
    this.peerId = peerId;
    this.closed = this.#closing.promise;
    this.#isSilent = isSilent;
  }

  ping(): Promise<number> {
    if (this.#isSilent()) return new Promise(() => {});
    this.bytesReceived += 1;
    return Promise.resolve(1);
  }

  open(): PendingStream {
    throw new BywayError("ERR_INTERNAL", "a fake link carries nothing");
  }

  async ready(): Promise<void> {}

  /** Ends it at once if it has no streams. */
  close(): void {
    this.usable = false;
    if (this.streams === 0) this.destroy();
  }

  destroy(): void {
    this.usable = false;
    this.ended = true;
    this.#closing.resolve();
  }
}

const LINKS = new WeakMap<Circuit, FakeLink>();

/** A circuit whose exit, its only link, is fake. */
export function fakeCircuit(hops: readonly Hop[], clock: Clock, isSilent: () => boolean = () => false): Circuit {
  const exit = hops.at(-1);
  if (exit === undefined) throw new TypeError("a circuit without hops");
  const link = new FakeLink(exit.peerId, isSilent);
  const circuit = new Circuit({ clock, random: seededRandom(1) }, hops, [link], []);
  LINKS.set(circuit, link);
  return circuit;
}

/** The link of a fake circuit. */
export function linkOf(circuit: Circuit): FakeLink {
  const link = LINKS.get(circuit);
  if (link === undefined) throw new TypeError("no fake circuit");
  return link;
}

/** A one-hop circuit's only hop, by a name of the test's. */
export function namedHop(name: string): Hop {
  return { peerId: name as PeerId, ways: [directTo({ host: "192.0.2.1", port: 443 })] };
}

/** The exit of a circuit, by name. */
export function exitOf(circuit: Circuit): string {
  return String(circuit.hops.at(-1)?.peerId);
}
