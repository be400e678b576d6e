import { Resolver as PlatformResolver } from "node:dns/promises";
import { abortReason, withAbort } from "../core/abort.ts";
import type { Clock } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import { type DnsAnswer, lookUp } from "./dns-lookup.ts";
import { EGRESS_LIMITS } from "./limits.ts";
import { NameServers } from "./name-servers.ts";
import { signOfLife } from "./sign-of-life.ts";

/** Turns names into addresses. */
export interface Resolver {
  /**
   * All addresses of the normalised `name`, IPv4 and IPv6, at least one, in no order that means anything.
   * Throws ERR_TARGET_NAME when there is none, ERR_TARGET_NAME_TIMEOUT when no answer came in time.
   */
  resolve(name: string, signal: AbortSignal): Promise<readonly string[]>;
}

/** How to ask; every value has a default in `limits.ts`. */
export interface DnsResolverOptions {
  /** Name servers as `ip`, `ip:port` or `[ip]:port`; default those of the system. */
  readonly servers?: readonly string[] | undefined;
  readonly timeoutMs?: number | undefined;
  readonly maxCachedNames?: number | undefined;
  readonly maxCachedAddresses?: number | undefined;
}

interface Pending {
  readonly promise: Promise<DnsAnswer>;
  readonly controller: AbortController;
  waiting: number;
}

interface Cached {
  readonly addresses: readonly string[];
  readonly untilMs: number;
}

/**
 * Resolves over DNS with a small cache that keeps to the answers' TTLs (RFC 1035 §3.2.1), never longer than five
 * minutes. Askers of one name at one time share one look-up, which ends when the last of them leaves.
 */
export class DnsResolver implements Resolver {
  readonly #clock: Clock;
  readonly #servers: NameServers;
  readonly #timeoutMs: number;
  readonly #maxCachedNames: number;
  readonly #maxCachedAddresses: number;
  readonly #pending = new Map<string, Pending>();
  readonly #cache = new Map<string, Cached>();
  /** Addresses of all names in the cache. */
  #cachedAddresses = 0;
  readonly #stopping = new AbortController();
  #stopped = false;

  /** Throws ERR_CONFIG_VALUE when a server is not of the form `ip` or `ip:port`. */
  constructor(components: { readonly clock: Clock }, options: DnsResolverOptions = {}) {
    const { clock } = components;
    this.#clock = clock;
    const signs = { clock, signOfLife: (server: string) => signOfLife(clock, server, this.#stopping.signal) };
    this.#servers = new NameServers(signs, checkedServers(options.servers));
    this.#timeoutMs = options.timeoutMs ?? EGRESS_LIMITS.lookupTimeoutMs.value;
    this.#maxCachedNames = options.maxCachedNames ?? EGRESS_LIMITS.maxCachedNames.value;
    this.#maxCachedAddresses = options.maxCachedAddresses ?? EGRESS_LIMITS.maxCachedAddresses.value;
  }

  /** The name servers, in the order in which they would be asked now. */
  get servers(): readonly string[] {
    return this.#servers.inOrder();
  }

  async resolve(name: string, signal: AbortSignal): Promise<readonly string[]> {
    if (this.#stopped) throw stopped();
    if (signal.aborted) throw abortReason(signal);
    // Only what an operator opened comes so far; no name server may say where it is (RFC 6761 §6.3).
    if (/^(?:.+\.)?localhost$/.test(name)) return ["::1", "127.0.0.1"];
    const cached = this.#fromCache(name);
    if (cached !== undefined) return cached;
    const pending = this.#pending.get(name) ?? this.#start(name);
    pending.waiting += 1;
    try {
      return (await withAbort(pending.promise, signal)).addresses;
    } finally {
      pending.waiting -= 1;
      if (pending.waiting === 0) this.#end(name, pending);
    }
  }

  /** Ends all look-ups with ERR_STOPPED and forgets all answers; may be called twice. */
  stop(): void {
    this.#stopped = true;
    this.#stopping.abort();
    for (const pending of this.#pending.values()) pending.controller.abort(stopped());
    this.#cache.clear();
    this.#cachedAddresses = 0;
  }

  #start(name: string): Pending {
    const controller = new AbortController();
    const options = { servers: this.#servers, timeoutMs: this.#timeoutMs };
    const promise = lookUp(this.#clock, name, options, controller.signal);
    const pending: Pending = { promise, controller, waiting: 0 };
    this.#pending.set(name, pending);
    promise.then(
      (answer) => {
        this.#forget(name, pending);
        this.#keep(name, answer);
      },
      () => this.#forget(name, pending),
    );
    return pending;
  }

  #end(name: string, pending: Pending): void {
    this.#forget(name, pending);
    pending.controller.abort(new BywayError("ERR_ABORTED", "nobody waits for the look-up any more"));
  }

  #forget(name: string, pending: Pending): void {
    if (this.#pending.get(name) === pending) this.#pending.delete(name);
  }

  #fromCache(name: string): readonly string[] | undefined {
    const cached = this.#cache.get(name);
    if (cached === undefined) return undefined;
    if (cached.untilMs > this.#clock.monotonicMs()) return cached.addresses;
    this.#drop(name);
    return undefined;
  }

  #keep(name: string, answer: DnsAnswer): void {
    const ttlSeconds = Math.min(answer.ttlSeconds, EGRESS_LIMITS.maxCacheTtlSeconds.value);
    if (ttlSeconds <= 0 || this.#stopped) return;
    this.#drop(name);
    this.#cache.set(name, { addresses: answer.addresses, untilMs: this.#clock.monotonicMs() + ttlSeconds * 1000 });
    this.#cachedAddresses += answer.addresses.length;
    for (const oldest of this.#cache.keys()) {
      if (this.#cache.size <= this.#maxCachedNames && this.#cachedAddresses <= this.#maxCachedAddresses) break;
      this.#drop(oldest);
    }
  }

  #drop(name: string): void {
    this.#cachedAddresses -= this.#cache.get(name)?.addresses.length ?? 0;
    this.#cache.delete(name);
  }
}

function checkedServers(servers: readonly string[] = []): readonly string[] | undefined {
  if (servers.length === 0) return undefined;
  try {
    new PlatformResolver().setServers(servers);
  } catch (cause) {
    throw new BywayError(
      "ERR_CONFIG_VALUE",
      `a name server of ${servers.join(", ")} is not of the form ip or ip:port`,
      {
        cause,
      },
    );
  }
  return servers;
}

function stopped(): BywayError {
  return new BywayError("ERR_STOPPED", "the exit stopped");
}
