import { connect, type Socket, type TcpNetConnectOpts } from "node:net";
import { abortReason } from "../core/abort.ts";
import type { Clock, Timer } from "../core/clock.ts";
import type { ErrorCode } from "../core/error-table.ts";
import { BywayError } from "../core/errors.ts";
import { type Attempt, attemptOrder, type EgressBinding, egressBinding } from "./address-order.ts";
import { EGRESS_LIMITS } from "./limits.ts";
import { socketError } from "./socket-error.ts";
import { portVerdict, SourcePorts } from "./source-ports.ts";

/** How to dial; every value has a default in `limits.ts`. */
export interface TcpDiallerOptions {
  /** Local addresses to send from, one of each family at the most; families not named are not dialled. Default: any. */
  readonly bindEgress?: readonly string[] | undefined;
  /** For all attempts together. */
  readonly connectTimeoutMs?: number | undefined;
  /** How long an attempt runs alone before the next begins. */
  readonly attemptDelayMs?: number | undefined;
}

/** Starts one TCP connection; `net.connect` unless a test hands in another. */
export type SocketOpener = (options: TcpNetConnectOpts) => Socket;

// Which failure of several is told: what the far side itself said comes before what the network or the exit said.
const TELLING: readonly ErrorCode[] = [
  "ERR_TARGET_REFUSED",
  "ERR_TARGET_RESET",
  "ERR_TARGET_TIMEOUT",
  "ERR_STREAM_LIMIT",
  "ERR_TARGET_UNREACHABLE",
  "ERR_TARGET_NETWORK",
];

const KEEP_ALIVE_MS = 60_000;

/**
 * Dials checked addresses by Happy Eyeballs version 2 (RFC 8305 §5). From a bound address, each attempt names its port, and
 * names another one when that is taken.
 */
export class TcpDialler {
  readonly #clock: Clock;
  readonly #open: SocketOpener;
  readonly #binding: EgressBinding;
  /** Undefined when nothing is bound: then the system lets one port serve many targets by itself. */
  readonly #ports: Pick<SourcePorts, "draw"> | undefined;
  readonly #connectTimeoutMs: number;
  readonly #attemptDelayMs: number;

  /** Throws ERR_CONFIG_VALUE when `bindEgress` holds what is no IP address. */
  constructor(
    components: { readonly clock: Clock; readonly open?: SocketOpener; readonly ports?: Pick<SourcePorts, "draw"> },
    options: TcpDiallerOptions = {},
  ) {
    const { bindEgress = [] } = options;
    this.#clock = components.clock;
    this.#ports = bindEgress.length === 0 ? undefined : (components.ports ?? new SourcePorts(components));
    this.#open = components.open ?? connect;
    this.#binding = egressBinding(bindEgress);
    this.#connectTimeoutMs = options.connectTimeoutMs ?? EGRESS_LIMITS.connectTimeoutMs.value;
    this.#attemptDelayMs = options.attemptDelayMs ?? EGRESS_LIMITS.attemptDelayMs.value;
  }

  /**
   * A connected socket (half-open allowed, no Nagle) to the first of `addresses` that answers; the caller owns it.
   * `what` names the far side in messages. Throws ERR_TARGET_* and the abort reason; nothing is left behind then.
   */
  dial(addresses: readonly string[], port: number, what: string, signal: AbortSignal): Promise<Socket> {
    if (signal.aborted) return Promise.reject(abortReason(signal));
    const queue = [...attemptOrder(addresses, this.#binding, EGRESS_LIMITS.maxAttempts.value)];
    if (queue.length === 0) {
      return Promise.reject(
        new BywayError("ERR_TARGET_NETWORK", `${what} has no address of a family that the exit sends from`),
      );
    }
    const { promise, resolve, reject } = Promise.withResolvers<Socket>();
    const live = new Set<Socket>();
    const failures: BywayError[] = [];
    let delay: Timer | undefined;

    const finish = (): void => {
      delay?.cancel();
      limit.cancel();
      signal.removeEventListener("abort", onAbort);
      queue.length = 0;
      for (const socket of live) socket.destroy();
      live.clear();
    };
    const fail = (error: BywayError): void => {
      finish();
      reject(error);
    };
    const onAbort = (): void => fail(abortReason(signal));
    const begin = (attempt: Attempt, tries: number): void => {
      const localPort = this.#sourcePort(attempt, port, tries);
      const socket = this.#start(attempt, port, localPort);
      live.add(socket);
      const onError = (error: Error): void => {
        if (!live.delete(socket)) return;
        const verdict = localPort === undefined ? "innocent" : portVerdict(error);
        if (verdict !== "innocent") {
          begin(attempt, verdict === "taken" ? tries + 1 : Number.POSITIVE_INFINITY);
          return;
        }
        failures.push(socketError(error, what));
        if (live.size === 0 && queue.length === 0) fail(mostTelling(failures));
        else next();
      };
      // Stays for good: an error that comes before the owner listens must not end the process.
      socket.on("error", ignore);
      socket.on("error", onError);
      socket.once("connect", () => {
        // The socket would keep all of the dialling in memory for as long as it lives.
        socket.off("error", onError);
        if (!live.delete(socket)) return;
        finish();
        resolve(socket);
      });
    };
    const next = (): void => {
      delay?.cancel();
      const attempt = queue.shift();
      if (attempt === undefined) return;
      begin(attempt, 0);
      if (queue.length > 0) delay = this.#clock.after(this.#attemptDelayMs, next);
    };
    const limit = this.#clock.after(this.#connectTimeoutMs, () =>
      fail(mostTelling([...failures, new BywayError("ERR_TARGET_TIMEOUT", `${what} did not answer in time`)])),
    );
    signal.addEventListener("abort", onAbort, { once: true });
    next();
    return promise;
  }

  #sourcePort({ address, localAddress }: Attempt, port: number, tries: number): number | undefined {
    return localAddress === undefined ? undefined : this.#ports?.draw({ localAddress, address, port }, tries);
  }

  #start(attempt: Attempt, port: number, localPort: number | undefined): Socket {
    return this.#open({
      host: attempt.address,
      family: attempt.family,
      port,
      localAddress: attempt.localAddress,
      localPort,
      allowHalfOpen: true,
      autoSelectFamily: false,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
    });
  }
}

function ignore(): void {}

function mostTelling(failures: readonly BywayError[]): BywayError {
  const rank = (error: BywayError): number => TELLING.indexOf(error.code);
  return failures.reduce((best, error) => (rank(error) < rank(best) ? error : best));
}
