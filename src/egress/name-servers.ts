import { Resolver } from "node:dns/promises";
import type { Clock } from "../core/clock.ts";
import { EGRESS_LIMITS } from "./limits.ts";
import type { SignOfLife } from "./sign-of-life.ts";

interface Fault {
  /** Look-ups that it left without an answer while another server gave one, since its own last answer. */
  silences: number;
  /** On the monotonic clock; it is asked last until then. */
  restsUntilMs: number;
  /** Whether it is being asked for a sign of life. */
  isSuspect: boolean;
}

/**
 * The order in which an exit asks its name servers: as they were named, except that one that fails goes last for a while.
 *
 *     fine ── two look-ups in a row without an answer, or refused ─► no sign of life ─┐
 *       │                                                                               ├─► last for five minutes ─► tried first again
 *       └── cannot be reached ──────────────────────────────────────────────────────────┘                                  │
 *       ▲                                                                                                                  │
 *       └────────────────────────────────── answers ───────────────────────────────────────────────────────────────────────┘
 *
 * Clients choose the names that are asked for, and whoever owns a name chooses which server hears of it. So what a server
 * leaves unanswered or refuses only makes it suspect, and the sign of life decides (`sign-of-life.ts`). One that is tried
 * again and says nothing is suspect at once. Every look-up has a resolver of its own, so the system's
 * resolver remembers none of this.
 */
export class NameServers {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #signOfLife: SignOfLife;
  readonly #servers: readonly string[] | undefined;
  readonly #faults = new Map<string, Fault>();

  /** `servers` as `ip`, `ip:port` or `[ip]:port`; undefined takes those of the system, as they are at each look-up. */
  constructor(
    components: { readonly clock: Pick<Clock, "monotonicMs">; readonly signOfLife: SignOfLife },
    servers: readonly string[] | undefined,
  ) {
    this.#clock = components.clock;
    this.#signOfLife = components.signOfLife;
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
    const fault = this.#faultOf(server);
    fault.silences += 1;
    if (fault.silences >= EGRESS_LIMITS.nameServerSilences.value) this.#suspect(server, fault);
  }

  /** It refused to answer: to anybody, or for one name, as filters do. */
  noteRefusal(server: string): void {
    this.#suspect(server, this.#faultOf(server));
  }

  /** It cannot be reached. */
  noteFailure(server: string): void {
    const fault = this.#faultOf(server);
    fault.silences = EGRESS_LIMITS.nameServerSilences.value - 1;
    fault.restsUntilMs = this.#clock.monotonicMs() + EGRESS_LIMITS.nameServerRestMs.value;
  }

  #faultOf(server: string): Fault {
    const fault = this.#faults.get(server) ?? { silences: 0, restsUntilMs: 0, isSuspect: false };
    this.#faults.set(server, fault);
    return fault;
  }

  /** Asks it, unless that is being done; it keeps its place until it is known. */
  #suspect(server: string, fault: Fault): void {
    if (fault.isSuspect) return;
    fault.isSuspect = true;
    void this.#signOfLife(server).then((isAlive) => {
      fault.isSuspect = false;
      // What it answered meanwhile says more.
      if (this.#faults.get(server) !== fault) return;
      if (isAlive) this.#faults.delete(server);
      else this.noteFailure(server);
    });
  }
}
