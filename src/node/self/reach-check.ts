import type { Clock, Timer } from "../../core/clock.ts";
import type { BywayError } from "../../core/errors.ts";
import { isLoopback } from "../../core/is-loopback.ts";
import type { Logger } from "../../core/logger.ts";
import { formatHostPort, type HostPort } from "../../core/network-address.ts";
import type { Random } from "../../core/random.ts";
import { shuffled } from "../../core/shuffled.ts";
import { networkPrefix } from "../../geo/network-prefix.ts";
import { classifyAddress } from "../../geo/reserved-ranges.ts";
import { firstHopWays } from "../../link/way-kinds.ts";
import type { ClockWords } from "../../peers/clock-words.ts";
import { crowdOf } from "../../peers/crowd-of.ts";
import type { KnownPeer } from "../../peers/known-peer.ts";
import { countedAddress } from "../../wire/advertisement.ts";
import { SELF_LIMITS } from "./limits.ts";
import type { AskRelay, ReachAnswer } from "./reach-answer.ts";
import { type EndpointPlace, GONE_REMEDY, onlyFromHereReason, PRIVATE_REMEDY, reachReason } from "./reach-reason.ts";

/** Whether other peers can connect to this node. */
export interface Reachability {
  readonly state: "yes" | "no" | "unknown";
  /** A sentence: who reached it, or what failed and what to do. */
  readonly reason: string;
  /** ISO 8601; absent until it was looked at. */
  readonly checkedAt?: string;
}

/** What checking needs. */
export interface ReachCheckComponents {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Relays to ask, those first that once answered (`reachedAtMs`); this node itself is passed over. */
  readonly relays: () => readonly (KnownPeer & { readonly reachedAtMs?: number | undefined })[];
  readonly ask: AskRelay<KnownPeer>;
  /** Told what a relay's answer shows of the time. */
  readonly clockWords?: Pick<ClockWords, "noteRelay"> | undefined;
  /** Whether an interface of this machine has an address. Default: none has. */
  readonly isOwn?: (host: string) => boolean;
  /** Whether the machine has the address that the node listens at. Default: it has. */
  readonly isHere?: () => boolean;
}

/** Whom to look for. */
export interface ReachCheckOptions {
  /** This node's peer id. */
  readonly self: string;
  /** Where it says that others reach it. */
  readonly endpoint: HostPort;
  /** A network on one machine: private addresses will do, and relays may stand in one network. Default false. */
  readonly localNetwork?: boolean | undefined;
}

/** So many relays that miss the node outweigh that one may be lying, or have a bad line. */
const AGREEING = 2;
const JITTER = 0.2;

/**
 * Finds out whether this node can be reached from outside: has relays, each of another network, connect to it.
 *
 * One that gets through decides, since only this node can prove its key. Two that do not decide as well, and say why.
 * It looks at the start, then every 15 minutes, every two while it was not reached, and whenever it is asked to.
 */
export class ReachCheck {
  readonly #components: ReachCheckComponents;
  readonly #options: ReachCheckOptions;
  readonly #stopping = new AbortController();
  #state: Reachability = { state: "unknown", reason: "it was not looked at yet" };
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  #isAskedAgain = false;

  constructor(components: ReachCheckComponents, options: ReachCheckOptions) {
    this.#components = components;
    this.#options = options;
  }

  /** What the last check found. */
  get state(): Reachability {
    return this.#state;
  }

  /** Begins to check. Idempotent. */
  start(): void {
    if (this.#timer === undefined && this.#running === undefined && !this.#stopping.signal.aborted) this.#check();
  }

  /** Checks at once, or as soon as the check that runs is over: what was found may be true no more. */
  lookAgain(): void {
    if (this.#running !== undefined) {
      this.#isAskedAgain = true;
      return;
    }
    if (this.#timer === undefined || this.#stopping.signal.aborted) return;
    this.#timer.cancel();
    this.#check();
  }

  /** Settles when no check runs. Idempotent. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#timer?.cancel();
    await this.#running;
  }

  #check(): void {
    const relays = this.#choose();
    this.#running = this.#look(relays).then((found) => {
      this.#running = undefined;
      if (this.#stopping.signal.aborted) return;
      this.#tell(found);
      if (this.#isAskedAgain) {
        this.#isAskedAgain = false;
        this.#check();
        return;
      }
      this.#timer = this.#components.clock.after(this.#waitMs(relays.length), () => this.#check());
    });
  }

  #waitMs(relays: number): number {
    const { reachMs, reachRetryMs, reachSoonMs } = SELF_LIMITS;
    const { value } = this.#state.state === "yes" ? reachMs : relays === 0 ? reachSoonMs : reachRetryMs;
    return value * (1 - JITTER + 2 * JITTER * this.#components.random.float());
  }

  /** Chance decides among those that once answered, then among the rest, since anybody can make up relays. One of the node's own network may know another way to it. */
  #choose(): readonly KnownPeer[] {
    const { self, endpoint, localNetwork = false } = this.#options;
    const networks = new Set([networkPrefix(endpoint.host)]);
    const chosen: KnownPeer[] = [];
    const relays = shuffled(this.#components.relays(), this.#components.random);
    const hasAnswered = ({ reachedAtMs }: (typeof relays)[number]): boolean => reachedAtMs !== undefined;
    for (const peer of [...relays.filter(hasAnswered), ...relays.filter((relay) => !hasAnswered(relay))]) {
      if (chosen.length >= SELF_LIMITS.reachRelays.value) break;
      if (peer.advertisement.peer === self || firstHopWays(peer.advertisement).length === 0) continue;
      const { network } = crowdOf(peer);
      if (!localNetwork && networks.has(network)) continue;
      networks.add(network);
      chosen.push(peer);
    }
    return chosen;
  }

  async #look(relays: readonly KnownPeer[]): Promise<Omit<Reachability, "checkedAt">> {
    const { endpoint, localNetwork = false } = this.#options;
    const place = formatHostPort(endpoint);
    if (!localNetwork && classifyAddress(endpoint.host) !== undefined) {
      return { state: "no", reason: `${place} is no public address: ${PRIVATE_REMEDY}` };
    }
    if (this.#components.isHere?.() === false) {
      return {
        state: "no",
        reason: `no interface of this machine has the address any more that the node listens at or names: ${GONE_REMEDY}`,
      };
    }
    if (relays.length === 0) {
      return { state: "unknown", reason: "no relay of another network is known that could try to connect" };
    }
    const at = this.#placeOf(endpoint.host);
    const missed: BywayError[] = [];
    // In a local network, relays may connect to addresses of their own machine.
    const blindAt = at === "elsewhere" || (at === "own" && !localNetwork) ? at : undefined;
    let sawFromAfar = false;
    for (const relay of relays) {
      const answer = await this.#components.ask(relay, this.#stopping.signal);
      this.#noteTime(relay, answer);
      if (answer.found === "reached") return { state: "yes", reason: `a relay connected to this node at ${place}` };
      if (answer.found === "missed") {
        missed.push(answer.error);
        sawFromAfar ||= relay.advertisement.endpoints.some(({ host }) => !this.#isThisMachine(host));
      }
      this.#components.logger.debug("a relay did not reach this node", {
        found: answer.found,
        code: answer.error.code,
      });
      if (missed.length >= AGREEING && (sawFromAfar || blindAt === undefined)) {
        return { state: "no", reason: reachReason(endpoint, missed, at) };
      }
      if (this.#stopping.signal.aborted) break;
    }
    if (missed.length > 0 && !sawFromAfar && blindAt !== undefined) {
      return { state: "unknown", reason: onlyFromHereReason(endpoint, missed.length, blindAt) };
    }
    const failed = relays.length - missed.length;
    const [one] = missed;
    return {
      state: "unknown",
      reason:
        one === undefined
          ? `none of the ${failed} relays that were asked could try to connect`
          : `one relay could not connect to this node at ${place} (${one.code}), and no other could try`,
    };
  }

  #placeOf(host: string): EndpointPlace {
    if (isLoopback(host)) return "loopback";
    if (classifyAddress(host) !== undefined) return "private";
    return this.#isThisMachine(host) ? "own" : "elsewhere";
  }

  #isThisMachine(host: string): boolean {
    return isLoopback(host) || this.#components.isOwn?.(host) === true;
  }

  /** Only a relay that answered has looked at the advertisement. */
  #noteTime({ advertisement }: KnownPeer, answer: ReachAnswer): void {
    const direction = answer.found === "nothing" ? clockDirection(answer.error) : "right";
    if (direction === undefined) return;
    this.#components.clockWords?.noteRelay(
      { peer: advertisement.peer, address: countedAddress(advertisement) },
      direction,
    );
  }

  #tell(found: Omit<Reachability, "checkedAt">): void {
    const { clock, logger } = this.#components;
    const before = this.#state.state;
    this.#state = { ...found, checkedAt: new Date(clock.nowMs()).toISOString() };
    if (found.state === before) return;
    if (found.state === "no") logger.warn("other peers cannot connect to this node", { reason: found.reason });
    else logger.info("whether other peers can connect to this node", { ...found });
  }
}

/** How a relay that refused this node's advertisement finds its clock; undefined where it refused for something else. */
function clockDirection({ code, data }: BywayError): "ahead" | "behind" | undefined {
  if (!("status" in data)) return undefined;
  return code === "ERR_ADVERTISEMENT_FUTURE" ? "ahead" : code === "ERR_ADVERTISEMENT_EXPIRED" ? "behind" : undefined;
}
