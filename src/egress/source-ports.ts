import type { Clock } from "../core/clock.ts";
import { systemCall, systemCode } from "../core/errors.ts";
import { type Random, systemRandom } from "../core/random.ts";
import { KeyedHash } from "../rate/keyed-hash.ts";
import { EphemeralPortRange } from "./ephemeral-ports.ts";
import { EGRESS_LIMITS } from "./limits.ts";

/** One connection to be made. */
export interface Pair {
  readonly localAddress: string;
  readonly address: string;
  readonly port: number;
}

/**
 * Chooses the ports that connections from a bound address leave from, so that one port serves many targets.
 *
 * Linux binds before it knows the target. Left to choose, it gives each connection a port of its own, for a minute after
 * its end too. A port that is named may be bound again; only the pair of port and target must be free.
 *
 * Double-hash port selection (RFC 6056 §3.3.4): a target's hash is where its row of ports begins, and one of many counters,
 * found by another hash, says how far it has come. A counter moves by random steps. So a pair comes again late, and neither
 * other targets nor strangers can tell which port is next.
 */
export class SourcePorts {
  readonly #range: Pick<EphemeralPortRange, "current">;
  readonly #random: Random;
  readonly #begins: KeyedHash;
  readonly #counts: KeyedHash;
  readonly #counters = new Uint32Array(EGRESS_LIMITS.portCounters.value);

  /** Draws the keys of both hashes. */
  constructor(components: {
    readonly clock: Clock;
    readonly random?: Random;
    readonly range?: Pick<EphemeralPortRange, "current">;
  }) {
    this.#random = components.random ?? systemRandom;
    this.#range = components.range ?? new EphemeralPortRange(components);
    this.#begins = new KeyedHash({ random: this.#random });
    this.#counts = new KeyedHash({ random: this.#random });
  }

  /**
   * The port for the try after `tries` that found theirs taken. The first half of the tries goes along the target's row, the
   * second takes any port. Undefined leaves the choice to the system: when the tries are used up, and where ports are unknown.
   */
  draw(pair: Pair, tries: number): number | undefined {
    const most = EGRESS_LIMITS.portTries.value;
    if (tries >= most) return undefined;
    const ports = this.#range.current();
    if (ports === undefined) return undefined;
    const { first, rest } = ports;
    const row = first.length > 0 ? first : rest;
    const drawn = tries < most / 2 ? row[this.#next(pair) % row.length] : this.#any(first, rest);
    // A connection to its own address and port would answer itself (RFC 9293 §3.5, simultaneous open).
    if (drawn === pair.port && pair.localAddress === pair.address) return this.draw(pair, tries + 1);
    return drawn;
  }

  #next({ address, port }: Pair): number {
    const target = `${address} ${port}`;
    const place = (this.#counts.of(target) >>> 0) % this.#counters.length;
    const count = (this.#counters[place] ?? 0) + 1 + Math.floor(this.#random.float() * EGRESS_LIMITS.portStep.value);
    this.#counters[place] = count;
    return (this.#begins.of(target) >>> 0) + count;
  }

  #any(first: Uint16Array, rest: Uint16Array): number | undefined {
    const index = Math.floor(this.#random.float() * (first.length + rest.length));
    return index < first.length ? first[index] : rest[index - first.length];
  }
}

/** What the failure of a connection from a port that was named says of that port. */
export type PortVerdict = "taken" | "forbidden" | "innocent";

/**
 * Judges a failure. A port is `taken` when a listener or a program that does not share holds it, or when its pair with the
 * target is in use. It is `forbidden` where this machine lets nobody name ports.
 */
export function portVerdict(error: unknown): PortVerdict {
  const [code, call] = [systemCode(error), systemCall(error)];
  // When `bind` fails so, this machine has not, or no longer, the address.
  if (code === "EADDRINUSE" || (code === "EADDRNOTAVAIL" && call === "connect")) return "taken";
  return (code === "EACCES" || code === "EPERM") && call === "bind" ? "forbidden" : "innocent";
}
