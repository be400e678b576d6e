import { createServer, type Server, type Socket } from "node:net";
import type { Clock } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import { isLoopback } from "../core/is-loopback.ts";
import { listenError } from "../core/listen-error.ts";
import type { Logger } from "../core/logger.ts";
import { formatHostPort, type HostPort } from "../core/network-address.ts";
import { abortStream } from "../flow/abort-stream.ts";
import type { ByteBudget } from "../flow/byte-budget.ts";
import type { Constraints } from "../routing/constraints.ts";
import { ConnectionPlaces } from "./connection-places.ts";
import { Credentials, type ProxyUser } from "./credentials.ts";
import type { Front, FrontComponents } from "./front.ts";
import { GuessPace } from "./guess-pace.ts";
import { HttpFront } from "./http-front.ts";
import { INGRESS_LIMITS } from "./limits.ts";
import { type AskName, NameRule } from "./name-rule.ts";
import { Refusals } from "./refusals.ts";
import { Socks4Front } from "./socks4-front.ts";
import { Socks5Front } from "./socks5-front.ts";
import type { StreamOpener } from "./stream-opener.ts";
import { type Lease, UserLimits } from "./user-limits.ts";

/** What a proxy server works with. */
export interface ProxyServerComponents {
  readonly opener: StreamOpener;
  readonly clock: Clock;
  readonly budget: ByteBudget;
  readonly logger: Logger;
}

/** How a proxy server is set up. */
export interface ProxyServerOptions {
  /** Where to listen; port 0 takes a free one. */
  readonly listen: HostPort;
  /** Who may use it; by default anybody, and then only a loopback address may be listened on. */
  readonly users?: readonly ProxyUser[];
  /** What applies where a request does not say. */
  readonly defaults?: Constraints;
  /** Pass over what Byway does not know in user names, and tell it in `byway-ignored`. Default false. */
  readonly lenient?: boolean;
  /** Whether requests without a user name are asked for one; where there are users they always are. Default `never`. */
  readonly askName?: AskName;
  /** How much each user may have; share one among all listeners. By default there is no limit. */
  readonly limits?: UserLimits;
  /** How many client connections may be open at once; `INGRESS_LIMITS.maxConnections` by default. */
  readonly maxConnections?: number;
}

/**
 * The local proxy: one port that answers SOCKS5, SOCKS4a, HTTP CONNECT and plain HTTP, told apart by the first byte.
 */
export class ProxyServer {
  readonly #components: FrontComponents;
  readonly #options: ProxyServerOptions;
  readonly #maxConnections: number;
  readonly #places: ConnectionPlaces;
  readonly #sockets = new Set<Socket>();
  readonly #serving = new Set<Promise<void>>();
  readonly #stopping = new AbortController();
  readonly #fronts: readonly Front[];
  /** Serves what no other front does. */
  readonly #httpFront: Front;
  #server: Server | undefined;
  #listening: Promise<HostPort> | undefined;
  #stopped: Promise<void> | undefined;
  #full = false;

  constructor(components: ProxyServerComponents, options: ProxyServerOptions) {
    const { opener, clock, budget, logger } = components;
    const { users = [], defaults = {}, lenient = false, askName = "never" } = options;
    const limits = options.limits ?? new UserLimits({ clock }, { limits: [] });
    const credentials = new Credentials(users, { defaults, lenient });
    // A name that nobody vouches for could use up another's share, or be made up for each request.
    const admit = (user: string, socket: Socket): Lease =>
      this.#places.use(socket, limits.admit(credentials.required ? user : ""));
    const names = new NameRule({ clock, logger }, { ask: credentials.required ? "never" : askName });
    const guesses = new GuessPace({ clock });
    const refusals = new Refusals({ opener, clock, logger });
    this.#components = { opener, clock, budget, logger, credentials, guesses, names, refusals, admit };
    this.#options = options;
    this.#maxConnections = options.maxConnections ?? INGRESS_LIMITS.maxConnections.value;
    this.#places = new ConnectionPlaces(this.#maxConnections);
    const front = this.#components;
    this.#fronts = [new Socks5Front(front), new Socks4Front(front)];
    this.#httpFront = new HttpFront(front);
  }

  /** How many client connections are open. */
  get connections(): number {
    return this.#sockets.size;
  }

  /**
   * Begins to listen; resolves with the address. Idempotent.
   *
   * Rejects with ERR_CONFIG_EXPOSED for an address that others can reach when there are no users, ERR_LISTEN_IN_USE,
   * ERR_LISTEN_ADDRESS, ERR_LISTEN_PERMISSION, or ERR_STOPPED after `stop`.
   */
  start(): Promise<HostPort> {
    this.#listening ??= this.#listen();
    return this.#listening;
  }

  /** Ends all connections abruptly; resolves when no socket and no opening is left. Idempotent. */
  stop(): Promise<void> {
    this.#stopped ??= this.#end();
    return this.#stopped;
  }

  async #end(): Promise<void> {
    this.#stopping.abort(new BywayError("ERR_STOPPED", "the proxy was stopped"));
    await this.#listening?.catch(() => {});
    const server = this.#server;
    const ends: Promise<unknown>[] = [];
    if (server?.listening === true) ends.push(new Promise<void>((resolve) => server.close(() => resolve())));
    for (const socket of this.#sockets) {
      ends.push(new Promise<void>((resolve) => socket.once("close", () => resolve())));
      abortStream(socket);
    }
    await Promise.all(ends);
    await Promise.all(this.#serving);
  }

  async #listen(): Promise<HostPort> {
    const { listen } = this.#options;
    if (this.#stopping.signal.aborted) throw this.#stopping.signal.reason;
    if (!this.#components.credentials.required && !isLoopback(listen.host))
      throw new BywayError("ERR_CONFIG_EXPOSED", `anybody who reaches ${formatHostPort(listen)} could use the proxy`, {
        data: { listen: formatHostPort(listen) },
      });
    const server = createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true }, (socket) =>
      this.#accept(socket),
    );
    this.#server = server;
    return new Promise((resolve, reject) => {
      server.once("error", (cause) => reject(listenError(cause, listen)));
      server.listen({ host: listen.host, port: listen.port }, () => {
        // From here on an error is one of accepting, such as too few file descriptors; the server goes on.
        server.on("error", (error) => this.#components.logger.warn("a connection could not be accepted", { error }));
        const address = server.address();
        if (address === null || typeof address === "string") reject(listenError(new Error("no address"), listen));
        else resolve({ host: address.address, port: address.port });
      });
    });
  }

  #accept(socket: Socket): void {
    // Every owner of the socket watches for its close; none needs to know why it broke.
    socket.on("error", () => {});
    if (this.#stopping.signal.aborted || !this.#places.take(socket)) {
      if (!this.#full && !this.#stopping.signal.aborted)
        this.#components.logger.warn("the proxy has as many connections as it may", {
          maxConnections: this.#maxConnections,
        });
      this.#full = true;
      abortStream(socket);
      return;
    }
    this.#full = false;
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    const limit = this.#components.clock.after(INGRESS_LIMITS.headTimeoutMs.value, () => socket.destroy());
    const hungUp = (): void => {
      limit.cancel();
      socket.destroy();
    };
    socket.once("end", hungUp).once("close", hungUp);
    socket.once("data", (first: Buffer) => {
      limit.cancel();
      socket.off("end", hungUp).off("close", hungUp);
      socket.pause();
      const serving = this.#frontFor(first[0])
        .serve(socket, first)
        .finally(() => this.#serving.delete(serving));
      this.#serving.add(serving);
    });
  }

  #frontFor(first: number | undefined): Front {
    return this.#fronts.find(({ firstByte }) => firstByte === first) ?? this.#httpFront;
  }
}
