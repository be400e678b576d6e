import { isIP, type Socket, type TcpNetConnectOpts } from "node:net";
import { abortReason, linkedAbort } from "../core/abort.ts";
import type { Clock } from "../core/clock.ts";
import type { ErrorCode } from "../core/error-table.ts";
import { BywayError, toBywayError } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import { formatHostPort, type HostPort } from "../core/network-address.ts";
import { Sensitive } from "../core/sensitive.ts";
import { abortStream } from "../flow/abort-stream.ts";
import { PooledSocket } from "../flow/pooled-socket.ts";
import { ReadPool } from "../flow/read-pool.ts";
import { type CountedSocket, type LineBytes, SocketTotals } from "../flow/socket-totals.ts";
import type { LinkSession } from "../link/link-session.ts";
import { Semaphore } from "../rate/semaphore.ts";
import type { AddressGuard } from "./address-guard.ts";
import { FairSemaphore, fullText, NO_LINK } from "./fair-semaphore.ts";
import { EGRESS_LIMITS } from "./limits.ts";
import type { TargetPolicy } from "./policy/policy-decision.ts";
import { MAIL_PORTS } from "./policy/port-sets.ts";
import type { Resolver } from "./resolver.ts";
import { normalised, TargetCheck } from "./target-check.ts";
import { TcpDialler } from "./tcp-dialler.ts";
import { openUdpFlow, type UdpFlow } from "./udp-flow.ts";

/** What an exit is made of. */
export interface EgressComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly resolver: Resolver;
  readonly guard: AddressGuard;
  readonly policy: TargetPolicy;
}

/** How an exit sends; every value has a default in `limits.ts`. */
export interface EgressOptions {
  /** Local addresses to send from, one of each family at the most; families not named are not used. Default: any. */
  readonly bindEgress?: readonly string[] | undefined;
  readonly connectTimeoutMs?: number | undefined;
  readonly udpIdleTimeoutMs?: number | undefined;
  readonly maxTargetSockets?: number | undefined;
  readonly maxHopSockets?: number | undefined;
  readonly maxUdpFlows?: number | undefined;
  readonly maxPendingLookups?: number | undefined;
}

/** What is open, and how it ends. */
interface Closing {
  readonly close: () => void;
  readonly closed: Promise<unknown>;
  /** Throws where the guard would refuse now what it let pass then. */
  readonly recheck: () => void;
}

interface Checked {
  readonly addresses: readonly string[];
  readonly port: number;
  /** The name that was looked up, if one was. */
  readonly name: string | undefined;
  /** The target as messages show it. */
  readonly what: string;
}

/**
 * The one way out of a node: normalise, ask the policy, resolve once, check every answer, dial a checked address.
 *
 * All methods throw ERR_REQUEST_TARGET, ERR_POLICY_*, ERR_TARGET_*, ERR_STREAM_LIMIT, ERR_STOPPED or the abort reason.
 */
export class Egress {
  readonly #components: EgressComponents;
  readonly #options: EgressOptions;
  readonly #dialler: TcpDialler;
  readonly #targets: Permits;
  readonly #hops: Permits;
  readonly #udpFlows: Permits;
  readonly #lookups: Permits;
  readonly #stopping = new AbortController();
  readonly #closings = new Map<object, Closing>();
  readonly #totals = new SocketTotals();
  readonly #pending = new Set<Promise<unknown>>();

  /** Throws ERR_CONFIG_VALUE when `bindEgress` holds what is no IP address. */
  constructor(components: EgressComponents, options: EgressOptions = {}) {
    this.#components = components;
    this.#options = options;
    const reads = new ReadPool();
    const open = (socket: TcpNetConnectOpts): Socket => PooledSocket.open(reads, socket);
    this.#dialler = new TcpDialler({ clock: components.clock, open }, options);
    const most = (name: keyof typeof EGRESS_LIMITS & keyof EgressOptions): number =>
      options[name] ?? EGRESS_LIMITS[name].value;
    this.#targets = permits(most("maxTargetSockets"), "target connections");
    this.#hops = permits(most("maxHopSockets"), "hop connections");
    this.#udpFlows = sharedPermits(most("maxUdpFlows"), "UDP flows");
    this.#lookups = sharedPermits(most("maxPendingLookups"), "name look-ups");
  }

  /** How many sockets and flows are open or being opened. */
  get open(): { readonly targets: number; readonly hops: number; readonly udpFlows: number } {
    return { targets: this.#targets.taken, hops: this.#hops.taken, udpFlows: this.#udpFlows.taken };
  }

  /** Bytes of payload that all sockets and flows carried since the start, to hops and targets alike. */
  get traffic(): LineBytes {
    return this.#totals.bytes;
  }

  /** A TCP connection to `target` for `link`, half-open allowed; the caller owns it. */
  connect(target: HostPort, signal: AbortSignal, link: LinkSession = NO_LINK): Promise<Socket> {
    return this.#guarded("connect", target, signal, async (stopOrAbort) => {
      const release = this.#targets.acquire(link);
      try {
        const { addresses, port, name, what } = await this.#check(target, "tcp", link, stopOrAbort);
        const socket = await this.#dialler.dial(addresses, port, what, stopOrAbort);
        const { remoteAddress: address = "" } = socket;
        return this.#keepSocket(socket, release, () => this.#components.guard.check(address, port, "target", name));
      } catch (error) {
        release();
        throw error;
      }
    });
  }

  /** UDP to `target` (RFC 9298) for `link`; the caller owns the flow. */
  openUdp(target: HostPort, signal: AbortSignal, link: LinkSession = NO_LINK): Promise<UdpFlow> {
    return this.#guarded("udp", target, signal, async (stopOrAbort) => {
      const release = this.#udpFlows.acquire(link);
      try {
        const { addresses, port, name, what } = await this.#check(target, "udp", link, stopOrAbort);
        const { bindEgress, udpIdleTimeoutMs } = this.#options;
        const options = {
          bindEgress,
          idleTimeoutMs: udpIdleTimeoutMs,
        };
        const flow = await openUdpFlow(this.#components, addresses, port, what, options, stopOrAbort);
        const recheck = (): void => this.#components.guard.check(flow.address, port, "target", name);
        this.#own(flow, { close: () => flow.close(), closed: flow.closed, recheck }, release);
        return flow;
      } catch (error) {
        release();
        throw error;
      }
    });
  }

  /**
   * A TCP connection to the next hop. Only IP addresses are dialled: a name here could be made to point anywhere.
   * Failures to connect are ERR_HOP_UNREACHABLE and ERR_HOP_TIMEOUT; a refused address is ERR_TARGET_PROHIBITED.
   */
  dialHop(endpoint: HostPort, signal: AbortSignal): Promise<Socket> {
    return this.#guarded("hop", endpoint, signal, async (stopOrAbort) => {
      const release = this.#hops.acquire(NO_LINK);
      try {
        const { host, port } = normalised(endpoint);
        const what = formatHostPort({ host, port });
        if (isIP(host) === 0) {
          throw new BywayError("ERR_TARGET_PROHIBITED", `${what} is a name and a hop's endpoint must be an address`);
        }
        // Hops are not targets of the operator's policy, but a false advertisement must not aim relays at mail servers.
        if (MAIL_PORTS.includes(port)) {
          throw new BywayError("ERR_POLICY_PORT", `port ${port} is for mail, and no hop is there`);
        }
        const recheck = (): void => this.#components.guard.check(host, port, "hop");
        recheck();
        return this.#keepSocket(await this.#dialler.dial([host], port, what, stopOrAbort), release, recheck);
      } catch (error) {
        release();
        throw hopError(error);
      }
    });
  }

  /** The node learned more of what is its own: ends what leads there since before. */
  endProhibited(): void {
    for (const { recheck, close } of [...this.#closings.values()]) {
      try {
        recheck();
      } catch (error) {
        const { code, message } = toBywayError(error);
        this.#components.logger.debug("what was open is prohibited now", { code, reason: new Sensitive(message) });
        close();
      }
    }
  }

  /** Ends every socket, flow and attempt, and settles when they are gone; may be called twice. */
  async stop(): Promise<void> {
    this.#stopping.abort(new BywayError("ERR_STOPPED", "the exit stopped"));
    await Promise.allSettled(this.#pending);
    const closings = [...this.#closings.values()];
    for (const { close } of closings) close();
    await Promise.all(closings.map(({ closed }) => closed));
  }

  async #check(target: HostPort, protocol: "tcp" | "udp", link: LinkSession, signal: AbortSignal): Promise<Checked> {
    const { guard, policy } = this.#components;
    const resolver: Resolver = { resolve: (name, until) => this.#lookUp(name, link, until) };
    const targets = new TargetCheck({ guard, policy, resolver });
    const { addresses, decision, ...hostPort } = await targets.judge(target, protocol, signal);
    if (decision === undefined) throw new BywayError("ERR_INTERNAL", "a policy did not decide");
    if (decision.refusal !== undefined) throw decision.refusal;
    const name = isIP(hostPort.host) === 0 ? hostPort.host : undefined;
    return { addresses, port: hostPort.port, name, what: formatHostPort(hostPort) };
  }

  async #lookUp(name: string, link: LinkSession, signal: AbortSignal): Promise<readonly string[]> {
    const release = this.#lookups.acquire(link);
    try {
      return await this.#components.resolver.resolve(name, signal);
    } finally {
      release();
    }
  }

  async #guarded<T>(
    way: string,
    target: HostPort,
    signal: AbortSignal,
    run: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    using both = linkedAbort(signal, this.#stopping.signal);
    if (both.signal.aborted) throw abortReason(both.signal);
    const running = run(both.signal);
    this.#pending.add(running);
    try {
      return await running;
    } catch (error) {
      const { code } = toBywayError(error);
      this.#components.logger.debug("way out refused or failed", { way, code, target: new Sensitive(target) });
      throw toBywayError(error);
    } finally {
      this.#pending.delete(running);
    }
  }

  #keepSocket(socket: Socket, release: () => void, recheck: () => void): Socket {
    const { promise, resolve } = Promise.withResolvers<void>();
    socket.once("close", () => resolve());
    this.#own(socket, { close: () => abortStream(socket), closed: promise, recheck }, release);
    return socket;
  }

  #own(carrier: CountedSocket, closing: Closing, release: () => void): void {
    this.#closings.set(carrier, closing);
    this.#totals.add(carrier);
    void closing.closed.then(() => {
      this.#closings.delete(carrier);
      this.#totals.close(carrier);
      release();
    });
  }
}

const HOP_CODES: ReadonlyMap<ErrorCode, ErrorCode> = new Map([
  ["ERR_TARGET_TIMEOUT", "ERR_HOP_TIMEOUT"],
  ["ERR_TARGET_REFUSED", "ERR_HOP_UNREACHABLE"],
  ["ERR_TARGET_RESET", "ERR_HOP_UNREACHABLE"],
  ["ERR_TARGET_UNREACHABLE", "ERR_HOP_UNREACHABLE"],
  ["ERR_TARGET_NETWORK", "ERR_HOP_UNREACHABLE"],
]);

function hopError(error: unknown): BywayError {
  const known = toBywayError(error);
  const code = HOP_CODES.get(known.code);
  return code === undefined
    ? known
    : new BywayError(code, `the hop ${known.message}`, { cause: error, data: known.data });
}

/** A bounded number of one kind of thing that strangers can open. */
interface Permits {
  readonly taken: number;
  /** Takes a permit and returns what gives it back; calling that twice is harmless. Throws ERR_STREAM_LIMIT if there is none. */
  acquire(link: LinkSession): () => void;
}

/** Permits for the first that come; `what` names the things in the plural, as messages show them. */
function permits(most: number, what: string): Permits {
  const semaphore = new Semaphore({ most });
  return {
    get taken() {
      return semaphore.taken;
    },
    acquire() {
      const release = semaphore.tryAcquire();
      if (release !== undefined) return release;
      throw new BywayError("ERR_STREAM_LIMIT", `the node has ${most} ${what} open already`);
    },
  };
}

/** Permits that links share. */
function sharedPermits(most: number, what: string): Permits {
  const semaphore = new FairSemaphore(most);
  return {
    get taken() {
      return semaphore.taken;
    },
    acquire(link) {
      const full = semaphore.fullFor(link);
      if (full === undefined) return semaphore.take(link);
      throw new BywayError("ERR_STREAM_LIMIT", `the node ${fullText(full, `${most} ${what}`)}`);
    },
  };
}
