import { isIP, type Socket, type TcpNetConnectOpts } from "node:net";
import { abortReason } from "../core/abort.ts";
import type { Clock } from "../core/clock.ts";
import type { ErrorCode } from "../core/error-table.ts";
import { BywayError, toBywayError } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import { formatHostPort, type HostPort } from "../core/network-address.ts";
import { PooledSocket } from "../core/pooled-socket.ts";
import { ReadPool } from "../core/read-pool.ts";
import { Sensitive } from "../core/sensitive.ts";
import { normaliseHost } from "../wire/authority.ts";
import type { AddressGuard } from "./address-guard.ts";
import { EGRESS_LIMITS } from "./limits.ts";
import { linkedSignal } from "./linked-signal.ts";
import { PortPolicy } from "./port-policy.ts";
import type { Resolver } from "./resolver.ts";
import { Slots } from "./slots.ts";
import { TcpDialler } from "./tcp-dialler.ts";
import { openUdpFlow, type UdpFlow } from "./udp-flow.ts";

/** What an exit is made of. */
export interface EgressComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly resolver: Resolver;
  readonly guard: AddressGuard;
  readonly ports: PortPolicy;
}

/** How an exit sends; every value has a default in `limits.ts`. */
export interface EgressOptions {
  /** Local addresses to send from, one of each family at the most; families not named are not used. Default: any. */
  readonly bindEgress?: readonly string[];
  readonly connectTimeoutMs?: number;
  readonly udpIdleTimeoutMs?: number;
  readonly maxTargetSockets?: number;
  readonly maxHopSockets?: number;
  readonly maxUdpFlows?: number;
  readonly maxPendingLookups?: number;
}

interface Checked {
  readonly addresses: readonly string[];
  readonly port: number;
  /** The target as messages show it. */
  readonly what: string;
}

/**
 * The one way out of a node: normalise, check the port, resolve once, check every answer, dial a checked address.
 *
 * All methods throw ERR_REQUEST_TARGET, ERR_POLICY_PORT, ERR_TARGET_*, ERR_STREAM_LIMIT, ERR_STOPPED or the abort reason.
 */
export class Egress {
  readonly #components: EgressComponents;
  readonly #options: EgressOptions;
  readonly #dialler: TcpDialler;
  // Hops are not targets of the operator's policy, but a false advertisement must not aim relays at mail servers.
  readonly #hopPorts = new PortPolicy();
  readonly #targetSlots: Slots;
  readonly #hopSlots: Slots;
  readonly #udpSlots: Slots;
  readonly #lookupSlots: Slots;
  readonly #stopping = new AbortController();
  readonly #closings = new Map<object, { readonly close: () => void; readonly closed: Promise<unknown> }>();
  readonly #pending = new Set<Promise<unknown>>();

  /** Throws ERR_CONFIG_VALUE when `bindEgress` holds what is no IP address. */
  constructor(components: EgressComponents, options: EgressOptions = {}) {
    this.#components = components;
    this.#options = options;
    const reads = new ReadPool();
    const open = (socket: TcpNetConnectOpts): Socket => PooledSocket.open(reads, socket);
    this.#dialler = new TcpDialler({ clock: components.clock, open }, options);
    this.#targetSlots = new Slots(
      options.maxTargetSockets ?? EGRESS_LIMITS.maxTargetSockets.value,
      "target connections",
    );
    this.#hopSlots = new Slots(options.maxHopSockets ?? EGRESS_LIMITS.maxHopSockets.value, "hop connections");
    this.#udpSlots = new Slots(options.maxUdpFlows ?? EGRESS_LIMITS.maxUdpFlows.value, "UDP flows");
    this.#lookupSlots = new Slots(options.maxPendingLookups ?? EGRESS_LIMITS.maxPendingLookups.value, "name look-ups");
  }

  /** How many sockets and flows are open or being opened. */
  get open(): { readonly targets: number; readonly hops: number; readonly udpFlows: number } {
    return { targets: this.#targetSlots.taken, hops: this.#hopSlots.taken, udpFlows: this.#udpSlots.taken };
  }

  /** A TCP connection to `target`, half-open allowed; the caller owns it. */
  connect(target: HostPort, signal: AbortSignal): Promise<Socket> {
    return this.#guarded("connect", target, signal, async (stopOrAbort) => {
      const release = this.#targetSlots.take();
      try {
        const { addresses, port, what } = await this.#check(target, stopOrAbort);
        return this.#keepSocket(await this.#dialler.dial(addresses, port, what, stopOrAbort), release);
      } catch (error) {
        release();
        throw error;
      }
    });
  }

  /** UDP to `target` (RFC 9298); the caller owns the flow. */
  openUdp(target: HostPort, signal: AbortSignal): Promise<UdpFlow> {
    return this.#guarded("udp", target, signal, async (stopOrAbort) => {
      const release = this.#udpSlots.take();
      try {
        const { addresses, port, what } = await this.#check(target, stopOrAbort);
        const { bindEgress, udpIdleTimeoutMs } = this.#options;
        const options = {
          ...(bindEgress === undefined ? {} : { bindEgress }),
          ...(udpIdleTimeoutMs === undefined ? {} : { idleTimeoutMs: udpIdleTimeoutMs }),
        };
        const flow = await openUdpFlow(this.#components, addresses, port, what, options, stopOrAbort);
        this.#own(flow, () => flow.close(), flow.closed, release);
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
      const release = this.#hopSlots.take();
      try {
        const { host, port } = normalised(endpoint);
        const what = formatHostPort({ host, port });
        if (isIP(host) === 0) {
          throw new BywayError("ERR_TARGET_PROHIBITED", `${what} is a name and a hop's endpoint must be an address`);
        }
        this.#hopPorts.check(port);
        this.#components.guard.check(host, port, "hop");
        return this.#keepSocket(await this.#dialler.dial([host], port, what, stopOrAbort), release);
      } catch (error) {
        release();
        throw hopError(error);
      }
    });
  }

  /** Ends every socket, flow and attempt, and settles when they are gone; may be called twice. */
  async stop(): Promise<void> {
    this.#stopping.abort(new BywayError("ERR_STOPPED", "the exit stopped"));
    await Promise.allSettled(this.#pending);
    const closings = [...this.#closings.values()];
    for (const { close } of closings) close();
    await Promise.all(closings.map(({ closed }) => closed));
  }

  async #check(target: HostPort, signal: AbortSignal): Promise<Checked> {
    const { guard, ports, resolver } = this.#components;
    const { host, port } = normalised(target);
    const what = formatHostPort({ host, port });
    if (!guard.opens(host, port)) ports.check(port);
    if (isIP(host) !== 0) {
      guard.check(host, port, "target");
      return { addresses: [host], port, what };
    }
    guard.checkName(host, port);
    const release = this.#lookupSlots.take();
    try {
      const addresses = await resolver.resolve(host, signal);
      if (addresses.length === 0) throw new BywayError("ERR_TARGET_NAME", `${host} has no address`);
      // One prohibited answer refuses all: mixed answers are how DNS rebinding slips an inner address in.
      for (const address of addresses) guard.check(address, port, "target", host);
      return { addresses, port, what };
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
    using both = linkedSignal(signal, this.#stopping.signal);
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

  #keepSocket(socket: Socket, release: () => void): Socket {
    const { promise, resolve } = Promise.withResolvers<void>();
    socket.once("close", () => resolve());
    this.#own(socket, () => socket.destroy(), promise, release);
    return socket;
  }

  #own(thing: object, close: () => void, closed: Promise<unknown>, release: () => void): void {
    this.#closings.set(thing, { close, closed });
    void closed.then(() => {
      this.#closings.delete(thing);
      release();
    });
  }
}

function normalised(target: HostPort): HostPort {
  if (!Number.isInteger(target.port) || target.port < 1 || target.port > 65_535) {
    throw new BywayError("ERR_REQUEST_TARGET", `${target.port} is no port`);
  }
  return { host: normaliseHost(target.host), port: target.port };
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
