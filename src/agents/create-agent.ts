import https from "node:https";
import type { Duplex } from "node:stream";
import { getCallSites } from "node:util";
import { askedConstraints } from "../client/asked-constraints.ts";
import type { BywayClient } from "../client/client.ts";
import type { StreamSocket } from "../client/stream-socket.ts";
import { BywayError, toBywayError } from "../core/errors.ts";
import type { Constraints } from "../routing/constraints.ts";
import { createSocket } from "./create-socket.ts";

type Callback = (error: Error | null, socket: Duplex) => void;

/** As deep as the calls of Node's own that lead from `https.get` to an agent's protocol and default port. */
const CALLS_LOOKED_AT = 8;

/** An agent of `node:http` and `node:https` at once; `createAgent` makes it. */
class BywayAgent extends https.Agent {
  readonly #client: Pick<BywayClient, "connect">;
  readonly #asked: Constraints;
  /** The stream below each socket that was handed out. */
  readonly #streams = new WeakMap<object, StreamSocket>();

  constructor(client: Pick<BywayClient, "connect">, asked: Constraints, options: https.AgentOptions) {
    super({ keepAlive: true, ...options });
    this.#client = client;
    this.#asked = asked;
    Object.defineProperties(this, {
      protocol: { get: () => (isCalledByHttps() ? "https:" : "http:") },
      defaultPort: { get: () => (isCalledByHttps() ? 443 : 80) },
    });
  }

  override getName(options: https.RequestOptions = {}): string {
    return `${isSecure(options) ? "https" : "http"}:${super.getName(options)}`;
  }

  /** At once, as Node's own agent: a request that is aborted destroys it, and so nothing goes on connecting for nobody. */
  override createConnection(options: https.RequestOptions, callback?: Callback): Duplex | undefined {
    try {
      return this.#open(options);
    } catch (error) {
      // Node's type asks for a stream where there is none.
      (callback as ((error: Error) => void) | undefined)?.(toBywayError(error));
      return undefined;
    }
  }

  override keepSocketAlive(socket: Duplex): boolean {
    const stream = this.#streams.get(socket);
    // Its request was aborted before it had the socket, and nobody else waits for one.
    if (stream?.connecting === true) return false;
    // An idle connection that is let go of is ended, not reset.
    if (stream !== undefined) stream.endsWhole = true;
    const isKept: unknown = super.keepSocketAlive(socket);
    return isKept !== false;
  }

  override reuseSocket(socket: Duplex, request: Parameters<https.Agent["reuseSocket"]>[1]): void {
    const stream = this.#streams.get(socket);
    if (stream !== undefined) stream.endsWhole = false;
    super.reuseSocket(socket, request);
  }

  #open(options: https.RequestOptions): Duplex {
    if (typeof options.socketPath === "string") {
      throw new BywayError("ERR_USAGE_ARGUMENT", "a local socket cannot be reached through the network");
    }
    const stream = createSocket(this.#client, this.#asked);
    const socket = isSecure(options) ? this.#secure(options, stream) : stream;
    this.#streams.set(socket, stream);
    stream.connect(Number(options.port), options.host ?? "localhost");
    return socket;
  }

  #secure(options: https.RequestOptions, stream: StreamSocket): Duplex {
    try {
      const socket = super.createConnection({ ...options, socket: stream } as https.RequestOptions);
      if (socket === null || socket === undefined) throw new BywayError("ERR_INTERNAL", "Node made no TLS socket");
      // Why the stream ended is the better reason than that TLS could not go on.
      stream.once("error", (error) => socket.destroy(error));
      // Until the request listens itself.
      return socket.on("error", () => {});
    } catch (error) {
      stream.destroy();
      throw error;
    }
  }
}

/**
 * An agent for `http.request` and `https.request` whose connections go through the network, with TLS to the target inside and
 * its certificate checked as Node does it. `options` are those of `https.Agent`; connections are kept and used again, and with
 * them their exit, unless `keepAlive` is false. It may be `http.globalAgent` and `https.globalAgent`. Throws ERR_PARAMETER_* and
 * ERR_USAGE_ARGUMENT, that also for `proxyEnv`: requests through another proxy would go past the network.
 */
export function createAgent(
  client: Pick<BywayClient, "connect">,
  constraints?: Constraints | string,
  options: https.AgentOptions = {},
): https.Agent {
  if (options.proxyEnv !== undefined) {
    throw new BywayError(
      "ERR_USAGE_ARGUMENT",
      "an agent of Byway takes no proxyEnv: its requests go through the network",
    );
  }
  return new BywayAgent(client, askedConstraints(constraints), options);
}

/**
 * Only `https.request` names the agent that it would take by itself. That agent is not asked for its protocol: those that serve
 * both answer by the calls that lead to them, and nobody of `node:https` calls here. If in doubt, there is TLS.
 */
function isSecure({ _defaultAgent }: https.RequestOptions): boolean {
  return _defaultAgent !== undefined;
}

/** Node asks an agent for its protocol and default port without saying for which requests; only the caller tells. */
function isCalledByHttps(): boolean {
  return getCallSites(CALLS_LOOKED_AT).some(({ scriptName }) => scriptName === "node:https");
}
