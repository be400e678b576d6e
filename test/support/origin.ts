import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from "node:http2";
import { systemClock } from "../../src/core/clock.ts";
import type { HostPort } from "../../src/core/network-address.ts";
import { createTargetCertificate } from "../../src/testnet/target-certificate.ts";
import { ORIGIN_HOST, OriginServers } from "./origin-servers.ts";

/** A request to an origin over HTTP/1.1 or HTTP/2. */
export type OriginRequest = IncomingMessage | Http2ServerRequest;
/** The answer to it. */
export type OriginResponse = ServerResponse | Http2ServerResponse;

/** What `/seen` answers. */
export interface SeenByOrigin {
  readonly sourceAddress: string;
  readonly httpVersion: string;
  readonly host: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** An origin server: HTTP/1.1 in the clear, HTTP/2 and HTTP/1.1 over TLS. */
export interface Origin extends AsyncDisposable {
  readonly http: HostPort;
  readonly https: HostPort;
  /** PEM. */
  readonly certificate: string;
  /** How many TCP connections are open. */
  readonly connections: number;
}

/** How an origin answers. */
export interface OriginOptions {
  /** Names that its certificate is for, beside its address. */
  readonly names?: readonly string[];
  /** Body of `/payload`. */
  readonly payload?: Uint8Array;
  /** Other paths. */
  readonly paths?: Readonly<Record<string, (request: OriginRequest, response: OriginResponse) => void>>;
}

/**
 * Starts an origin at `ORIGIN_HOST` on two free ports. Beside `paths` it knows `/seen` (what it saw), `/payload`,
 * `/digest` (the SHA-256 of the body, in hex) and `/echo` (the body, while it comes).
 */
export async function startOrigin(options: OriginOptions = {}): Promise<Origin> {
  const { certPem, keyPem } = await createTargetCertificate(systemClock, [ORIGIN_HOST, ...(options.names ?? [])]);
  const servers = new OriginServers();
  const answer = (request: OriginRequest, response: OriginResponse): void => {
    const own = options.paths?.[request.url ?? ""];
    if (own === undefined) answerTo(request, response, options.payload ?? new Uint8Array());
    else own(request, response);
  };
  const plain = createServer(answer);
  const secure = createSecureServer({ cert: certPem, key: keyPem, allowHTTP1: true }, answer);
  return {
    http: await servers.listen(plain),
    https: await servers.listen(secure),
    certificate: certPem,
    get connections() {
      return servers.connections;
    },
    [Symbol.asyncDispose]: () => servers[Symbol.asyncDispose](),
  };
}

/** SHA-256 in hex. */
export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Writes a part of a body. The two kinds of answer have no signature of `write` in common. */
export function writeTo(response: OriginResponse, bytes: Uint8Array, written: () => void = () => {}): void {
  (response as NodeJS.WritableStream).write(bytes, written);
}

function answerTo(request: OriginRequest, response: OriginResponse, payload: Uint8Array): void {
  request.on("error", () => {});
  response.on("error", () => {});
  switch (request.url) {
    case "/payload":
      response.setHeader("content-length", payload.length);
      response.end(payload);
      return;
    case "/digest": {
      const hash = createHash("sha256");
      request.on("data", (chunk: Buffer) => hash.update(chunk)).on("end", () => response.end(hash.digest("hex")));
      return;
    }
    case "/echo":
      request.pipe(response as NodeJS.WritableStream);
      return;
    default: {
      const seen: SeenByOrigin = {
        sourceAddress: request.socket.remoteAddress ?? "",
        httpVersion: request.httpVersion,
        host: String(request.headers[":authority"] ?? request.headers.host),
        headers: request.headers,
      };
      response.end(JSON.stringify(seen));
    }
  }
}
