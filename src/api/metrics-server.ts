import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { BywayError, systemCode, toBywayError } from "../core/errors.ts";
import { isLoopback } from "../core/is-loopback.ts";
import { listenError } from "../core/listen-error.ts";
import type { Logger } from "../core/logger.ts";
import { formatHostPort, type HostPort } from "../core/network-address.ts";
import { findPage } from "./find-page.ts";
import { API_LIMITS } from "./limits.ts";
import { METRICS_PAGES, type ShownFigures } from "./metrics-pages.ts";
import { type PageAnswer, text } from "./page.ts";

/** What the figures are taken from. */
export interface MetricsComponents extends ShownFigures {
  readonly logger: Logger;
}

/**
 * Serves a node's figures to programs on this machine: `/metrics` for Prometheus, `/healthz` (200 while it answers) and
 * `/readyz` (200 while the node takes new streams, else 503). Whoever asks by another name than a loopback address is
 * refused, so that no web page reads it through a name of its own.
 */
export class MetricsServer {
  readonly #components: MetricsComponents;
  readonly #listenAt: HostPort;
  #server: Server | undefined;
  #starting: Promise<HostPort> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(components: MetricsComponents, options: { readonly listen: HostPort }) {
    this.#components = components;
    this.#listenAt = options.listen;
  }

  /** Settles with where it listens. Throws ERR_CONFIG_EXPOSED for an address that others can reach, ERR_LISTEN_*. Idempotent. */
  start(): Promise<HostPort> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /** Settles when every connection is gone. Idempotent; a start that goes on is waited for. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #start(): Promise<HostPort> {
    const listen = this.#listenAt;
    const where = formatHostPort(listen);
    if (!isLoopback(listen.host)) {
      throw new BywayError("ERR_CONFIG_EXPOSED", `anybody who reaches ${where} could read the node's figures`, {
        data: { listen: where },
      });
    }
    const server = createServer(
      {
        maxHeaderSize: API_LIMITS.controlHeadBytes.value,
        requestTimeout: API_LIMITS.controlRequestMs.value,
        headersTimeout: API_LIMITS.controlRequestMs.value,
      },
      (request, response) => void this.#answer(request, response),
    );
    server.maxConnections = API_LIMITS.metricsConnections.value;
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", (cause) => reject(listenError(cause, listen)));
      server.listen(listen, resolve);
    });
    server.removeAllListeners("error").on("error", (error) => {
      this.#components.logger.warn("a connection for metrics could not be accepted", { code: systemCode(error) });
    });
    const { address, port } = server.address() as AddressInfo;
    return { host: address, port };
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on("error", () => {});
    const { status, type, body } = await this.#page(request).catch((thrown: unknown): PageAnswer => {
      const error = toBywayError(thrown);
      this.#components.logger.error("the figures could not be told", { error });
      return text(500, error.code);
    });
    response.writeHead(status, {
      "content-type": type,
      "content-length": Buffer.byteLength(body),
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      ...(status === 405 ? { allow: "GET, HEAD" } : {}),
    });
    response.end(request.method === "HEAD" ? undefined : body);
  }

  async #page({ method = "", url = "", headers }: IncomingMessage): Promise<PageAnswer> {
    if (!isOwnHost(headers.host)) return text(403, "ask for this by a loopback address");
    if (method !== "GET" && method !== "HEAD") return text(405, "only GET and HEAD are served");
    // What collects figures may add parameters of its own.
    const [path = ""] = url.split("?", 1);
    const { page } = findPage(METRICS_PAGES, "GET", path, "local");
    if (page === undefined) return text(404, `there is ${listed(METRICS_PAGES.map((one) => one.path))}`);
    return page.answer(this.#components, { params: {}, rest: "", body: undefined, principal: "local" });
  }

  async #stop(): Promise<void> {
    await this.#starting?.catch(() => {});
    const server = this.#server;
    if (server === undefined || !server.listening) return;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }
}

function isOwnHost(field: string | undefined): boolean {
  // HTTP/1.0 knows no Host, and no browser that could be led astray speaks it.
  if (field === undefined) return true;
  const host = field.replace(/:\d*$/, "").toLowerCase();
  return isLoopback(host === "[::1]" ? "::1" : host);
}

function listed(paths: readonly string[]): string {
  return `${paths.slice(0, -1).join(", ")} and ${paths.at(-1)}`;
}
