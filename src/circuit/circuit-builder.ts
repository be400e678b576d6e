import { abortReason, deadline, withAbort } from "../core/abort.ts";
import type { Clock } from "../core/clock.ts";
import type { ErrorCode } from "../core/error-table.ts";
import { BywayError, toBywayError } from "../core/errors.ts";
import type { Random } from "../core/random.ts";
import type { PeerId } from "../identity/peer-id.ts";
import type { Link } from "../link/link.ts";
import type { Observer } from "../trust/observer.ts";
import { type Blame, blameFor, hopError, nobodyLeft, type Stage } from "./build-failure.ts";
import { BuildTimes } from "./build-times.ts";
import { Circuit, type StageTiming } from "./circuit.ts";
import type { PathHints, PathSelector } from "./circuit-request.ts";
import { failureIn, type Hop, observedHop } from "./hop.ts";
import { CIRCUIT_LIMITS } from "./limits.ts";
import { LinkOpener, type LinkOpenerComponents, type LinkOpenerOptions } from "./link-opener.ts";
import { restMs } from "./retry-wait.ts";

/** The components of a builder. */
export interface CircuitBuilderComponents extends LinkOpenerComponents {
  /** Gets what hops do, and knows which of them to pass over. */
  readonly observer: Pick<Observer, "observe" | "avoided">;
}

/** A hop that building waits for. */
export interface HopWait {
  readonly peerId: PeerId;
  readonly isExit: boolean;
  /** How long nearly all hops at its place took, in ms. */
  readonly expectedMs: number;
}

/** How to build one circuit. */
export interface BuildOptions extends Partial<Omit<PathHints, "kept">> {
  /** The name of the request that waits for it; observations of hops that fail bear it. */
  readonly requestId?: string | undefined;
  /** Called with each hop when the wait for it begins. */
  readonly onWaiting?: ((wait: HopWait) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A circuit in the middle of being built. */
interface Build {
  readonly choose: PathSelector;
  readonly options: BuildOptions;
  readonly failed: Set<string>;
  hops: readonly Hop[];
  readonly links: Link[];
  readonly timings: StageTiming[];
  /** Whether a hop that failed recently is tried, since no other one fits. */
  isLastResort: boolean;
  /** Whether the link to the first hop was open before, and is shared with other circuits. */
  guardReused: boolean;
}

/**
 * Nests links in links: dials the first hop, then has each hop carry the connection to the next (docs/protocol.md §8).
 *
 *     choose ─► extend ─► extend ─► … ─► circuit
 *        ▲         │ failed, or slower than what was learned
 *        └─────────┘ another node in its place; the links before it are kept
 */
export class CircuitBuilder {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #opener: LinkOpener;
  readonly #times = new BuildTimes();
  readonly #observer: CircuitBuilderComponents["observer"];

  constructor(components: CircuitBuilderComponents, options: LinkOpenerOptions = {}) {
    this.#clock = components.clock;
    this.#random = components.random;
    this.#opener = new LinkOpener(components, options);
    this.#observer = components.observer;
  }

  /**
   * Builds a circuit through the hops that `choose` names (1 to 5, first to exit). A hop that fails, or that takes far longer
   * than hops do here, is replaced by another as long as `choose` has one.
   * Throws what `choose` throws, or a hop error that names the hop and the stage; nothing of the circuit is left open then.
   */
  async build(choose: PathSelector, options: BuildOptions = {}): Promise<Circuit> {
    const beganMs = this.#clock.monotonicMs();
    const failed = new Set(options.failed);
    const build: Build = {
      choose,
      options,
      failed,
      hops: [],
      links: [],
      timings: [],
      isLastResort: false,
      guardReused: false,
    };
    build.hops = this.#choose(build, 0);
    try {
      await this.#complete(build);
    } catch (error) {
      truncate(build, 0);
      throw error;
    }
    for (const [index, { peerId: next }] of build.hops.slice(1).entries()) {
      this.#observer.observe({ ...observedHop(build.hops, index), what: "carried", beganMs, next });
    }
    return new Circuit({ clock: this.#clock, random: this.#random }, build.hops, build.links, build.timings);
  }

  /** New circuits no longer use the open link to the first hop `peer`, even if its keep-alive has not noticed that it is dead. */
  leave(peer: string): void {
    this.#opener.guardLinks.leave(peer);
  }

  /**
   * Asks `node` for a sign of life by way of `before`, first hop first; the link to that one is shared with circuits, and nothing
   * else is left open. The round trip in ms between the node and the last of them. Calls `onCarried` when the last of `before`
   * carries on. If the node was not reached although the link to the last of
   * `before` stood, calls `onFailed`, with whether that one still answers.
   * Throws as `build` does, or the abort reason.
   */
  async probe(
    before: readonly Hop[],
    node: Hop,
    signal: AbortSignal,
    onCarried: () => void,
    onFailed?: (isThere: boolean) => void,
  ): Promise<number> {
    const [first, ...between] = before;
    if (first === undefined) throw new BywayError("ERR_INTERNAL", "a probe needs a first hop");
    const own: Link[] = [];
    let standing: Link | undefined;
    try {
      let last = (await this.#opener.first(first, true, signal, () => {})).link;
      for (const [index, hop] of [...between, node].entries()) {
        const isNode = index === between.length;
        if (isNode) standing = last;
        const next = await this.#opener.next(last, hop, !isNode, signal, isNode ? onCarried : () => {});
        own.push(next);
        if (!isNode) last = next;
      }
      const pings = [own.at(-1) ?? last, last].map((link) => link.ping());
      const [wholeMs = 0, partMs = 0] = await withAbort(Promise.all(pings), signal);
      return Math.max(1, wholeMs - partMs);
    } catch (error) {
      if (onFailed !== undefined && standing !== undefined) onFailed(await this.#isThere(standing));
      throw error;
    } finally {
      for (const link of own.toReversed()) link.destroy();
      await Promise.all(own.map((link) => link.closed));
    }
  }

  /** Whether the far end of `link` answers in time. */
  async #isThere(link: Link): Promise<boolean> {
    if (link.ended) return false;
    using limit = deadline(this.#clock, CIRCUIT_LIMITS.checkMs.value, noAnswer);
    return answers(link, limit.signal);
  }

  /** Ends the links to first hops, and with them every circuit that begins there. */
  stop(): Promise<void> {
    return this.#opener.guardLinks.stop();
  }

  async #complete(build: Build): Promise<void> {
    let first: BywayError | undefined;
    for (let replaced = 0; build.links.length < build.hops.length; ) {
      const index = build.links.length;
      try {
        await this.#extend(build, index);
      } catch (cause) {
        const told = toBywayError(cause);
        const restingMs = index > 0 ? restMs(told) : undefined;
        if ((told.kind !== "hop" && restingMs === undefined) || build.options.signal?.aborted === true) throw told;
        if (this.#droppedStaleGuard(build, index)) continue;
        const silent = told.code === "ERR_HOP_TIMEOUT" ? await this.#silentHop(build) : undefined;
        const error = silent === undefined ? told : hopError(noAnswer(), build.hops, silent, "extend");
        first ??= error;
        const blame =
          restingMs === undefined
            ? blameFor(build.links.at(-1), index, error, silent)
            : { index: index - 1, isKnown: true };
        this.#passOver(build, blame, error, restingMs);
        truncate(build, blame.index);
        replaced += 1;
        if (replaced > CIRCUIT_LIMITS.replacements.value) throw build.isLastResort ? nobodyLeft(error) : error;
        build.hops =
          this.#rechoose(build, blame.index) ?? this.#goAround(build, blame.index, error) ?? raise(nobodyLeft(first));
      }
    }
  }

  /** Chooses hops after the first `count`; passes over those that failed a moment ago where that leaves a choice. */
  #choose(build: Build, count: number): readonly Hop[] {
    const recent = this.#observer.avoided;
    const hops = this.#chosen(build, count, recent);
    build.isLastResort = hops.slice(count).some(({ peerId }) => recent.has(peerId));
    return hops;
  }

  #chosen(build: Build, count: number, recent: ReadonlySet<string>): readonly Hop[] {
    const { exit, avoid } = build.options;
    const wishes = { kept: build.hops.slice(0, count), exit, avoid };
    if (recent.size > 0) {
      try {
        return checked(build.choose({ ...wishes, failed: new Set([...build.failed, ...recent]) }));
      } catch (error) {
        if (!NOBODY_LEFT.has(toBywayError(error).code)) throw error;
      }
    }
    return checked(build.choose({ ...wishes, failed: build.failed }));
  }

  /** As `#choose`; undefined when no node is left. */
  #rechoose(build: Build, count: number): readonly Hop[] | undefined {
    try {
      return this.#choose(build, count);
    } catch (error) {
      const { code } = toBywayError(error);
      if (code === "ERR_NO_NODE") return undefined;
      // A strict session's exit failed in this build.
      throw NOBODY_LEFT.has(code) ? nobodyLeft(toBywayError(error)) : error;
    }
  }

  /** If only a hop fits that the relay before it does not know, another relay may know it. */
  #goAround(build: Build, index: number, { code }: BywayError): readonly Hop[] | undefined {
    const [relay, hop] = build.hops.slice(Math.max(0, index - 1), index + 1);
    if (code !== "ERR_HOP_UNKNOWN" || index === 0 || relay === undefined || hop === undefined) return undefined;
    build.failed.delete(hop.peerId);
    build.failed.add(relay.peerId);
    truncate(build, index - 1);
    return this.#rechoose(build, index - 1);
  }

  /** Whether there is a choice after the first `count` hops. Errors other than "no node" are ignored here: the real call reports them. */
  #hasOther(build: Build, count: number): boolean {
    try {
      return this.#rechoose(build, count) !== undefined;
    } catch {
      return false;
    }
  }

  /** A shared link that closed unnoticed is no fault of the guard: the next attempt opens a fresh one. */
  #droppedStaleGuard(build: Build, index: number): boolean {
    const [guardLink] = build.links;
    if (index !== 1 || !build.guardReused || guardLink === undefined || guardLink.usable) return false;
    truncate(build, 0);
    return true;
  }

  /**
   * The first linked hop that no longer answers; the hops behind it only seem to be at fault. New circuits no longer use the
   * link of such a guard: its keep-alive would notice only after up to 45 s.
   */
  async #silentHop({ hops, links, options: { signal } }: Build): Promise<number | undefined> {
    using limit = deadline(this.#clock, CIRCUIT_LIMITS.checkMs.value, noAnswer, signal);
    const answered = await Promise.all(links.map((link) => answers(link, limit.signal)));
    if (signal?.aborted === true) throw abortReason(signal);
    const index = answered.indexOf(false);
    const [guardLink] = links;
    if (index === 0 && hops.length > 1 && guardLink !== undefined)
      this.#opener.guardLinks.drop(guardLink.peerId, guardLink);
    return index === -1 ? undefined : index;
  }

  /** Leaves a hop out of the rest of this build. A relay that is full or closed did nothing wrong: it rests for `restingMs`. */
  #passOver(build: Build, { index, isKnown }: Blame, error: BywayError, restingMs: number | undefined): void {
    const hop = build.hops[index];
    if (hop === undefined) return;
    build.failed.add(hop.peerId);
    const { requestId } = build.options;
    const during = requestId === undefined ? undefined : { requestId, error };
    if (restingMs === undefined) this.#observer.observe({ ...failureIn(build.hops, hop.peerId, isKnown), during });
    else this.#observer.observe({ ...observedHop(build.hops, index), what: "full", forMs: restingMs, during });
  }

  async #extend(build: Build, index: number): Promise<void> {
    const { hops, links, timings } = build;
    const hop = hops[index] as Hop;
    const depth = index + 1;
    const beganMs = this.#clock.monotonicMs();
    const isExit = depth === hops.length;
    build.options.onWaiting?.({ peerId: hop.peerId, isExit, expectedMs: this.#times.hedgeMs(depth) });
    let stage: Stage = index === 0 ? "dial" : "extend";
    let startMs = beganMs;
    const done = (next: Stage): void => {
      const nowMs = this.#clock.monotonicMs();
      timings.push({ hop: depth, stage, ms: nowMs - startMs });
      startMs = nowMs;
      stage = next;
    };
    try {
      using limit = deadline(
        this.#clock,
        CIRCUIT_LIMITS.extendMs.value,
        () => new BywayError("ERR_HOP_TIMEOUT", "the hop took too long"),
        build.options.signal,
      );
      using patience = this.#patience(build, index, limit.signal);
      const handshakes = (): void => done("handshake");
      const before = links.at(-1);
      if (before === undefined) {
        const { link, reused } = await this.#opener.first(hop, hops.length > 1, patience.signal, handshakes);
        links.push(link);
        build.guardReused = reused;
        if (reused) return;
      } else links.push(await this.#opener.next(before, hop, index < hops.length - 1, patience.signal, handshakes));
      done(stage);
      this.#times.note(depth, this.#clock.monotonicMs() - beganMs);
    } catch (error) {
      throw hopError(error, hops, index, stage);
    }
  }

  /** Aborts with `signal`, or when the hop is slow for this network and another one could replace it. */
  #patience(build: Build, index: number, signal: AbortSignal): Disposable & { readonly signal: AbortSignal } {
    const controller = new AbortController();
    const patienceMs = this.#times.patienceMs(index + 1);
    const follow = (): void => controller.abort(abortReason(signal));
    if (signal.aborted) follow();
    else signal.addEventListener("abort", follow, { once: true });
    const timer = this.#clock.after(patienceMs, () => {
      this.#times.noteTimeout(index + 1, patienceMs);
      const failed = new Set([...build.failed, ...build.hops.slice(index, index + 1).map((hop) => hop.peerId)]);
      // If no other node fits, keep waiting, unless this one failed recently.
      if (
        !this.#hasOther({ ...build, failed }, index) &&
        !this.#observer.avoided.has(String(build.hops[index]?.peerId))
      )
        return;
      controller.abort(new BywayError("ERR_HOP_TIMEOUT", `the hop took longer than ${Math.round(patienceMs)} ms`));
    });
    return {
      signal: controller.signal,
      [Symbol.dispose]() {
        timer.cancel();
        signal.removeEventListener("abort", follow);
      },
    };
  }
}

/** Errors of a chooser that could choose if fewer peers were left out. */
const NOBODY_LEFT: ReadonlySet<ErrorCode> = new Set(["ERR_NO_NODE", "ERR_SESSION_EXIT"]);

/** Whether anything comes from the far end of `link` until `signal` aborts. */
async function answers(link: Link, signal: AbortSignal): Promise<boolean> {
  const before = link.bytesReceived;
  try {
    await withAbort(link.ping(), signal);
    return true;
  } catch {
    return !link.ended && link.bytesReceived > before;
  }
}

function noAnswer(): BywayError {
  return new BywayError("ERR_HOP_TIMEOUT", "the hop no longer answers");
}

function checked(hops: readonly Hop[]): readonly Hop[] {
  if (hops.length >= 1 && hops.length <= CIRCUIT_LIMITS.hops.value) return hops;
  const most = CIRCUIT_LIMITS.hops.value;
  throw new BywayError("ERR_PARAMETER_VALUE", `a circuit has 1 to ${most} hops, not ${hops.length}`);
}

/** Ends the links from `index` on. The link to the guard of several hops is not the circuit's to end. */
function truncate(build: Build, index: number): void {
  const shared = build.hops.length > 1 ? 1 : 0;
  const ended = build.links.splice(index);
  for (const link of ended.slice(Math.max(shared - index, 0)).toReversed()) link.destroy();
  build.timings.splice(0, build.timings.length, ...build.timings.filter(({ hop }) => hop <= index));
}

function raise(error: BywayError): never {
  throw error;
}
