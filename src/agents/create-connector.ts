import { isIP, type Socket } from "node:net";
import tls, { type ConnectionOptions } from "node:tls";
import { askedConstraints } from "../client/asked-constraints.ts";
import type { BywayClient } from "../client/client.ts";
import type { StreamSocket } from "../client/stream-socket.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import { formatHostPort } from "../core/network-address.ts";
import type { Constraints } from "../routing/constraints.ts";
import { AGENTS_LIMITS } from "./limits.ts";

/** How TLS to targets is set up: the options of `tls.connect`, and whether HTTP/2 may be spoken (default false). */
export interface ConnectorOptions extends ConnectionOptions {
  readonly allowH2?: boolean | undefined;
}

/** Where a connection leads, as undici asks for it. */
export interface ConnectorTarget {
  readonly hostname: string;
  readonly protocol: string;
  readonly port: string;
  readonly servername?: string | undefined;
}

/** What opens connections for undici: calls back with a connected socket or with an error, once. */
export type Connector = (
  to: ConnectorTarget,
  callback: (...args: [error: null, socket: Socket] | [error: Error, socket: null]) => void,
) => void;

/**
 * What opens connections for an `Agent`, `Pool` or `Client` of undici, of whatever version: `new Agent({ connect })`. TLS to
 * the target is inside, its certificate checked as Node does it. Throws ERR_PARAMETER_* and ERR_USAGE_ARGUMENT.
 */
export function createConnector(
  client: Pick<BywayClient, "connect">,
  constraints?: Constraints | string,
  options: ConnectorOptions = {},
  components: { readonly clock: Clock } = { clock: systemClock },
): Connector {
  const asked = askedConstraints(constraints);
  return (to, callback) => {
    const isSecure = to.protocol === "https:";
    const target = { host: to.hostname, port: Number(to.port) || (isSecure ? 443 : 80) };
    (async () => {
      const { stream } = await client.connect(target, asked);
      return isSecure ? await secured(components, stream, to, options) : stream;
    })().then(
      (socket) => callback(null, socket),
      (error: Error) => callback(error, null),
    );
  };
}

/** The stream inside TLS, once the target has shown its certificate. */
async function secured(
  { clock }: { readonly clock: Clock },
  stream: StreamSocket,
  to: ConnectorTarget,
  options: ConnectorOptions,
): Promise<Socket> {
  const { allowH2 = false, ...more } = options;
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const asked = {
    ALPNProtocols: allowH2 ? ["h2", "http/1.1"] : ["http/1.1"],
    // An address is no server name (RFC 6066 §3).
    ...(isIP(to.hostname) === 0 ? { servername: to.hostname } : {}),
    ...more,
    ...(to.servername ? { servername: to.servername } : {}),
    host: to.hostname,
    socket: stream,
  };
  let socket: tls.TLSSocket;
  try {
    socket = tls.connect(asked);
  } catch (error) {
    // Options that Node refuses: nobody else knows the stream.
    stream.destroy();
    throw error;
  }
  const limit = clock.after(AGENTS_LIMITS.handshakeMs.value, () => {
    const shown = formatHostPort({ host: to.hostname, port: stream.remotePort ?? 0 });
    socket.destroy(new BywayError("ERR_TARGET_TIMEOUT", `${shown} did not finish its TLS handshake`));
  });
  socket.once("secureConnect", () => {
    limit.cancel();
    resolve(socket);
  });
  // Between here and the listeners of its owner an error would have nobody to catch it.
  socket.on("error", reject);
  socket.once("close", () => {
    limit.cancel();
    reject(new BywayError("ERR_TARGET_RESET", "the target closed the connection before TLS stood"));
  });
  return promise;
}
