import { Resolver } from "node:dns/promises";
import type { Clock } from "../core/clock.ts";
import { EGRESS_LIMITS } from "./limits.ts";

interface Fault {
  /** Look-ups that it left without an answer while another server gave one, since its own last answer. */
  silences: number;
  /** On the monotonic clock; it is asked last until then. */
  restsUntilMs: number;
}

/**
 * The order in which an exit asks its name servers: as they were named, except that one that fails goes last for a while.
 *
 *     fine ── two look-ups in a row without an answer, or an error ─► last for five minutes ─► tried first again
 *       ▲                                                                                        │
 *       └───────────────────────── answers ──────────────────────────────────────────────────────┘
 *
 * One that is tried again and says nothing goes last at once. Every look-up has a resolver of its own, so the system's
 * resolver remembers none of this.
 */
export class NameServers {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #servers: readonly string[] | undefined;
  readonly #faults = new Map<string, Fault>();

  /** `servers` as `ip`, `ip:port` or `[ip]:port`; undefined takes those of the system, as they are at each look-up. */
  constructor(components: { readonly clock: Pick<Clock, "monotonicMs"> }, servers: readonly string[] | undefined) {
    this.#clock = components.clock;
    this.#servers = servers;
  }

  /** The servers, the one to ask first at the beginning. At least one, unless the system has none. */
  inOrder(): readonly string[] {
    const servers = this.#servers ?? new Resolver().getServers();
    for (const server of this.#faults.keys()) if (!servers.includes(server)) this.#faults.delete(server);
    const nowMs = this.#clock.monotonicMs();
    const restOf = (server: string): number => {
      const untilMs = this.#faults.get(server)?.restsUntilMs ?? 0;
      return untilMs > nowMs ? untilMs : 0;
    };
    return servers.toSorted((a, b) => restOf(a) - restOf(b));
  }

  /** It answered, if only that there is no such name. */
  noteAnswer(server: string): void {
    this.#faults.delete(server);
  }

  /** It had not answered when another one did, which was asked later. */
  noteSilence(server: string): void {
    const silences = (this.#faults.get(server)?.silences ?? 0) + 1;
    if (silences >= EGRESS_LIMITS.nameServerSilences.value) this.noteFailure(server);
    else this.#faults.set(server, { silences, restsUntilMs: 0 });
  }

  /** It cannot be reached, or refuses to answer. */
  noteFailure(server: string): void {
    const restsUntilMs = this.#clock.monotonicMs() + EGRESS_LIMITS.nameServerRestMs.value;
    this.#faults.set(server, { silences: EGRESS_LIMITS.nameServerSilences.value - 1, restsUntilMs });
  }
}
