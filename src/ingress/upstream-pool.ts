import type { Duplex } from "node:stream";
import type { Clock, Timer } from "../core/clock.ts";
import { formatHostPort } from "../core/network-address.ts";
import type { ByteBudget } from "../flow/byte-budget.ts";
import { endStream } from "../flow/end-stream.ts";
import { constraintsKey } from "../routing/constraints.ts";
import { INGRESS_LIMITS } from "./limits.ts";
import { MessageSource } from "./message-source.ts";
import type { OpenedStream, StreamOpener, StreamRequest } from "./stream-opener.ts";

/** A stream to a target, and what is read from it. Whoever took it from the pool owns it. */
export interface Upstream {
  readonly stream: Duplex;
  readonly source: MessageSource;
  readonly opened: OpenedStream;
  /** Whether it has served a request before. */
  readonly isReused: boolean;
  /** Whether the app has begun to log in on it: then it is kept for each of the app's requests, whatever else holds. */
  readonly isPinned: boolean;
}

/** How long a stream may wait for its next request. */
export interface KeepTerms {
  /** What the target said, in ms from its last answer; undefined if it said nothing. */
  readonly hintMs: number | undefined;
  /** Whether the app has begun a log-in that the target binds to the connection; it stays so. */
  readonly isPinned: boolean;
  /** Whether the target offers such a log-in: it is kept for a request that begins one, whatever else holds. */
  readonly isOffered?: boolean;
}

/** What a request needs of a kept stream. */
export interface TakeTerms {
  /** Whether the request may be sent again when the stream turns out to be dead. */
  readonly isRepeatable: boolean;
  /** Whether it logs its connection in. */
  readonly logsIn?: boolean;
}

interface Idle {
  readonly upstream: Upstream;
  readonly key: string;
  readonly sinceMs: number;
  readonly terms: KeepTerms;
  readonly timer: Timer;
}

/**
 * The streams of one client connection, kept for its next requests; nothing is shared between connections.
 * Destroy it with the connection.
 */
export class UpstreamPool {
  readonly #components: {
    readonly opener: StreamOpener;
    readonly clock: Clock;
    readonly budget: Pick<ByteBudget, "watch">;
  };
  readonly #idle: Idle[] = [];
  #isDestroyed = false;

  constructor(components: {
    readonly opener: StreamOpener;
    readonly clock: Clock;
    readonly budget: Pick<ByteBudget, "watch">;
  }) {
    this.#components = components;
  }

  /** A kept stream for an equal request, the latest one first; undefined if there is none that will do. */
  take(request: StreamRequest, { isRepeatable, logsIn = false }: TakeTerms): Upstream | undefined {
    const key = keyOf(request);
    const nowMs = this.#components.clock.monotonicMs();
    for (let index = this.#idle.length - 1; index >= 0; index -= 1) {
      const idle = this.#idle[index];
      if (idle?.key !== key) continue;
      const { hintMs, isPinned, isOffered = false } = idle.terms;
      const isBound = isPinned || (isOffered && logsIn);
      // An offer alone must not have requests leave together that are to leave apart.
      if (!isBound && idle.upstream.opened.isForOne === true) continue;
      // The target may be closing it at this moment, and then nobody can tell whether it has taken the request.
      const isFresh = hintMs !== undefined || nowMs - idle.sinceMs < INGRESS_LIMITS.freshUpstreamMs.value;
      if (!isRepeatable && !isBound && !isFresh) continue;
      this.#remove(idle);
      return { ...idle.upstream, isReused: true, isPinned };
    }
    return undefined;
  }

  /** Opens a stream; rejects with what the opener rejects with. */
  async open(request: StreamRequest, signal: AbortSignal): Promise<Upstream> {
    const opened = await this.#components.opener.openStream(request, signal);
    const { stream } = opened;
    // An error that comes while nobody reads is told by "close".
    stream.on("error", () => {});
    const source = new MessageSource(this.#components, stream, {});
    return { stream, source, opened, isReused: false, isPinned: false };
  }

  /**
   * Keeps a stream after a whole exchange, or ends it: when it is for one request, the session is over, or the target is about
   * to close it. Bytes that come unasked end it too.
   */
  keep(upstream: Upstream, request: StreamRequest, terms: KeepTerms): void {
    const { stream, source, opened } = upstream;
    const { isForOne = false, endsAtMs = Number.POSITIVE_INFINITY } = opened;
    const { clock } = this.#components;
    const isBound = terms.isPinned || terms.isOffered === true;
    const longestMs = isBound ? INGRESS_LIMITS.keepAliveTimeoutMs.value : INGRESS_LIMITS.idleUpstreamMs.value;
    const leftMs = Math.min(longestMs, endsAtMs - clock.nowMs(), terms.hintMs ?? longestMs);
    const isUsable = !source.isOver && source.length === 0 && stream.writable;
    if ((isForOne && !isBound) || leftMs <= 0 || !isUsable || this.#isDestroyed || !this.#hasRoom()) {
      this.part(upstream);
      return;
    }
    const drop = (): void => {
      this.#remove(idle);
      this.part(upstream);
    };
    const timer = clock.after(leftMs, drop);
    const idle: Idle = { upstream, key: keyOf(request), sinceMs: clock.monotonicMs(), terms, timer };
    this.#idle.push(idle);
    source.read({
      kept: 0,
      take: () => {
        drop();
        return 0;
      },
      over: drop,
    });
  }

  /** Ends a stream on which all has been said: reset, it would look to the target as if its answer had not come. */
  part({ stream, source }: Upstream): void {
    source.release();
    endStream(stream, this.#components.clock, INGRESS_LIMITS.lingerMs.value);
  }

  /** Ends all kept streams, and those that come to be kept. Idempotent. */
  destroy(): void {
    this.#isDestroyed = true;
    for (const idle of [...this.#idle]) {
      this.#remove(idle);
      this.part(idle.upstream);
    }
  }

  /** Whether one more may be kept; the one that has waited longest makes room, unless a log-in is bound to it. */
  #hasRoom(): boolean {
    if (this.#idle.length < INGRESS_LIMITS.maxIdleUpstreams.value) return true;
    const oldest = this.#idle.find(({ terms }) => !terms.isPinned);
    if (oldest === undefined) return false;
    this.#remove(oldest);
    this.part(oldest.upstream);
    return true;
  }

  #remove(idle: Idle): void {
    const index = this.#idle.indexOf(idle);
    if (index !== -1) this.#idle.splice(index, 1);
    idle.timer.cancel();
    idle.upstream.source.read(undefined);
  }
}

function keyOf({ target, constraints, user }: StreamRequest): string {
  return JSON.stringify([formatHostPort(target), constraintsKey(constraints), user]);
}
