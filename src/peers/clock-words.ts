import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/logger.ts";
import { networkPrefix } from "../geo/network-prefix.ts";
import { parsePeerId } from "../identity/peer-id.ts";
import { LruMap } from "../rate/lru-map.ts";
import { type ClockDoubt, clockDoubtReason } from "./clock-doubt.ts";
import { PEERS_LIMITS } from "./limits.ts";

/** Who showed something of the time: a peer whose key was proven. */
export interface ClockTeller {
  readonly peer: string;
  /** Where it was dialled. Without it, its word counts in a local network only. */
  readonly address: string | undefined;
}

/** What one peer showed of the time. */
interface ClockWord {
  readonly atMs: number;
  /** How far this machine's clock is ahead of the peer's, negative where it is behind; 0 where they agree. Undefined: by how much is not known. */
  readonly byMs: number | undefined;
  readonly direction: ClockDoubt["direction"] | "right";
  readonly advertisements: number;
  readonly isNamed: boolean;
}

type Ways = "answer" | "relay";

/** So many networks must say so, where none of the peers is one that the operator named. */
const AGREEING = 2;

/**
 * Whether the clock of this machine is off, by what others date: it can only be told, never set.
 *
 * A peer that answers sends its own newest advertisement, which is at most 15 minutes old by its clock. A relay refuses this
 * node's advertisement where that is dated wrong by the relay's clock. Of each network the last word of each kind counts. The
 * clock is doubted while more networks say that it is off than say that it is right, and only where two say so, or a peer
 * that the operator named does: one stranger, or a crowd in one network, cannot make it doubted. Words are forgotten after
 * an hour, and at once when the clock is set.
 */
export class ClockWords {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #localNetwork: boolean;
  readonly #named: ReadonlySet<string>;
  /** By network, and what kind of word; in the order in which they came. */
  readonly #words = new LruMap<string, { readonly network: string; readonly word: ClockWord }>({
    most: PEERS_LIMITS.clockWords.value,
  });
  /** What the wall's clock shows when the other is at 0. */
  #originMs: number;
  #told: ClockDoubt["direction"] | undefined;
  #reportedAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    components: { readonly clock: Clock; readonly logger: Logger },
    options: {
      readonly localNetwork: boolean;
      /** Multiaddrs that the operator named, which end in a peer id. */
      readonly bootstrap?: readonly string[];
    },
  ) {
    this.#clock = components.clock;
    this.#logger = components.logger;
    this.#localNetwork = options.localNetwork;
    this.#named = new Set((options.bootstrap ?? []).flatMap(peerIn));
    this.#originMs = this.#origin();
  }

  /** A peer that this one asked sent its own newest advertisement, issued at `issuedAtSec`; of the others `refused` were dated wrong. */
  noteAnswer(teller: ClockTeller, issuedAtSec: number, refused: number): void {
    const { renewMs, clockSkewSeconds } = PEERS_LIMITS;
    const ageMs = this.#clock.nowMs() - issuedAtSec * 1_000;
    const isBehind = ageMs < -clockSkewSeconds.value * 1_000;
    const isAhead = ageMs > renewMs.value + clockSkewSeconds.value * 1_000;
    const direction = isBehind ? "behind" : isAhead ? "ahead" : "right";
    this.#note("answer", teller, { direction, byMs: direction === "right" ? 0 : ageMs, advertisements: 1 + refused });
  }

  /** A relay tried to reach this node: it took this node's advertisement, or refused it as one that is dated wrong. */
  noteRelay(teller: ClockTeller, direction: ClockDoubt["direction"] | "right"): void {
    this.#note("relay", teller, { direction, byMs: direction === "right" ? 0 : undefined, advertisements: 0 });
  }

  /** What others make of this machine's clock; undefined while nothing speaks against it. */
  get doubt(): ClockDoubt | undefined {
    this.#forget();
    const ahead = this.#sayers("ahead");
    const behind = this.#sayers("behind");
    const networks = new Set([...this.#words.values()].map(({ network }) => network)).size;
    const [direction, sayers] = ahead.size > behind.size ? (["ahead", ahead] as const) : (["behind", behind] as const);
    const words = [...sayers.values()].flat();
    const others = networks - sayers.size;
    const isSure = sayers.size >= AGREEING || words.some(({ isNamed }) => isNamed);
    if (!isSure || sayers.size <= others) return undefined;
    const byMs = words.flatMap((word) => word.byMs ?? []).sort((a, b) => a - b);
    const median = byMs[Math.floor(byMs.length / 2)];
    return {
      direction,
      ...(median === undefined ? {} : { byMs: Math.abs(median) }),
      peers: sayers.size,
      advertisements: Math.max(byMs.length, ...words.map(({ advertisements }) => advertisements)),
    };
  }

  /** The networks that say so, with their words. One whose words contradict each other says nothing. */
  #sayers(direction: ClockDoubt["direction"]): ReadonlyMap<string, readonly ClockWord[]> {
    const networks = Map.groupBy(this.#words.values(), ({ network }) => network);
    return new Map(
      [...networks].flatMap(([network, held]) => {
        const off = held.map(({ word }) => word).filter((word) => word.direction !== "right");
        return off.length > 0 && off.every((word) => word.direction === direction) ? [[network, off] as const] : [];
      }),
    );
  }

  #note(way: Ways, { peer, address }: ClockTeller, word: Omit<ClockWord, "atMs" | "isNamed">): void {
    const network = this.#localNetwork ? peer : networkPrefix(address ?? "");
    if (network === undefined) return;
    this.#forget();
    const key = `${way} ${network}`;
    const isNamed = this.#named.has(peer);
    this.#words.set(key, { network, word: { ...word, atMs: this.#clock.monotonicMs(), isNamed } });
    this.#tell();
  }

  /** Words of a clock that was set since say nothing of it now. */
  #forget(): void {
    const originMs = this.#origin();
    const isSet = Math.abs(originMs - this.#originMs) > PEERS_LIMITS.clockStepMs.value;
    if (isSet) this.#words.clear();
    this.#originMs = originMs;
    const fromMs = this.#clock.monotonicMs() - PEERS_LIMITS.clockWordMs.value;
    for (const [key, { word }] of this.#words) if (word.atMs < fromMs) this.#words.delete(key);
  }

  #tell(): void {
    const { doubt } = this;
    if (doubt?.direction === this.#told) return;
    const nowMs = this.#clock.monotonicMs();
    if (doubt === undefined) this.#logger.info("the clock of this machine shows the same time as others do again");
    else if (nowMs - this.#reportedAtMs >= PEERS_LIMITS.clockWordMs.value) {
      this.#reportedAtMs = nowMs;
      const reason = `${clockDoubtReason(doubt)}: set this machine's clock`;
      this.#logger.warn(`the clock of this machine seems to be ${doubt.direction}`, { reason });
    } else return;
    this.#told = doubt?.direction;
  }

  #origin(): number {
    return this.#clock.nowMs() - this.#clock.monotonicMs();
  }
}

function peerIn(address: string): readonly string[] {
  try {
    return [parsePeerId(address.slice(address.lastIndexOf("/") + 1))];
  } catch {
    return [];
  }
}
