import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { TLSSocket } from "node:tls";
import type { Clock } from "../core/clock.ts";
import type { HostPort } from "../core/network-address.ts";
import { createTargetCertificate } from "./target-certificate.ts";

/** What the target saw of one request. */
export interface Seen {
  readonly sourceAddress: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Undefined over plain HTTP. */
  readonly tls?: { readonly version: string; readonly cipher: string };
}

/** A running target: an HTTP and an HTTPS server that answer with what they saw; to `git ls-remote` as the name of a branch. */
export interface Target {
  readonly http: HostPort;
  readonly https: HostPort;
  /** The certificate that the HTTPS side shows. */
  readonly certPem: string;
  stop(): Promise<void>;
}

/** Starts a target at `host`, on two free ports. */
export async function startTarget(clock: Clock, host: string): Promise<Target> {
  const { certPem, keyPem } = await createTargetCertificate(clock, [host]);
  const plain = createServer(answer);
  const secure = createSecureServer({ cert: certPem, key: keyPem }, answer);
  return {
    http: await listen(plain, host),
    https: await listen(secure, host),
    certPem,
    stop: async () => {
      await Promise.all([close(plain), close(secure)]);
    },
  };
}

const answer: RequestListener = (request, response) => {
  request.resume();
  if (request.url?.includes("/info/refs") === true) {
    // For `git ls-remote`, which prints nothing but references.
    response.end(`${"1".repeat(40)}\trefs/heads/seen-from-${request.socket.remoteAddress}\n`);
    return;
  }
  response.setHeader("content-type", "application/json");
  response.end(`${JSON.stringify(seen(request), null, 2)}\n`);
};

function seen(request: IncomingMessage): Seen {
  const { socket } = request;
  const tls =
    socket instanceof TLSSocket ? { version: socket.getProtocol() ?? "", cipher: socket.getCipher().name } : undefined;
  return {
    sourceAddress: socket.remoteAddress ?? "",
    method: request.method ?? "",
    path: request.url ?? "",
    headers: request.headers,
    ...(tls === undefined ? {} : { tls }),
  };
}

async function listen(server: Server, host: string): Promise<HostPort> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, host, resolve);
  });
  const { address, port } = server.address() as AddressInfo;
  return { host: address, port };
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
}
