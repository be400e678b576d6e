import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { BywayError, systemCode } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import { claimSocket, inUse, listen } from "./claimed-socket.ts";
import { type ControlAnswer, errorAnswer } from "./control-answer.ts";
import { type ControlName, pipeName } from "./control-path.ts";
import type { ClaimedSocket } from "./held-socket.ts";
import { API_LIMITS } from "./limits.ts";

const CHECK_MS = 500;

/** What answers, and where it is told that it does no more. */
export interface ControlComponents {
  /** The answer to a request for a path and query. */
  readonly answer: (method: string, target: string) => ControlAnswer | Promise<ControlAnswer>;
  readonly logger: Logger;
}

/** Where commands are answered. */
export interface ControlOptions {
  /** As `controlPath` gives it; the data directory must be there. */
  readonly path: string;
  /** Who answers, as errors call it; default `control`, the client. */
  readonly name?: ControlName;
}

/**
 * Answers commands while a client or a node runs: HTTP/1.1 over a Unix socket that only its owner can open (mode 0600), or a
 * named pipe on Windows. The lock beside it keeps a second one out of a data directory. Nothing that is asked or
 * answered is logged.
 */
export class ControlServer {
  readonly #components: ControlComponents;
  readonly #path: string;
  readonly #name: ControlName;
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  #server: Server | undefined;
  #claimed: ClaimedSocket | undefined;

  constructor(components: ControlComponents, options: ControlOptions) {
    this.#components = components;
    this.#path = options.path;
    this.#name = options.name ?? "control";
  }

  /** Throws ERR_CONTROL where another one holds the data directory, or the socket cannot be made. Idempotent. */
  start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /** Settles when every connection is gone and the socket removed. Idempotent; a start that goes on is waited for. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #start(): Promise<void> {
    const server = this.#create();
    this.#server = server;
    this.#claimed = await this.#listen(server);
    server.on("error", (error) => {
      this.#components.logger.warn("commands are not answered any more", { code: systemCode(error) });
    });
  }

  #create(): Server {
    const server = createServer(
      {
        maxHeaderSize: API_LIMITS.controlHeadBytes.value,
        requestTimeout: API_LIMITS.controlRequestMs.value,
        headersTimeout: API_LIMITS.controlRequestMs.value,
        connectionsCheckingInterval: CHECK_MS,
      },
      (request, response) => void this.#answer(request, response),
    );
    server.maxConnections = API_LIMITS.controlConnections.value;
    // One that does not read its answer goes as well.
    server.timeout = API_LIMITS.controlRequestMs.value;
    return server;
  }

  async #listen(server: Server): Promise<ClaimedSocket | undefined> {
    if (process.platform !== "win32") {
      return claimSocket({ server, logger: this.#components.logger }, this.#path, this.#name);
    }
    // A pipe goes with its process, so one that is there is in use.
    const pipe = pipeName(this.#path);
    await listen(server, pipe).catch((cause: unknown) => {
      if (systemCode(cause) === "EADDRINUSE") throw inUse(this.#path, this.#name);
      throw new BywayError("ERR_CONTROL", `the pipe ${pipe} cannot be made (${systemCode(cause)})`, { cause });
    });
    return undefined;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // No page takes a body: what comes is not waited for.
    response.on("error", () => {});
    // An answer may take longer than an idle connection is kept.
    request.socket.setTimeout(API_LIMITS.controlSlowMs.value);
    const { status, body } = await this.#make(request);
    request.socket.setTimeout(API_LIMITS.controlRequestMs.value);
    response.writeHead(status, {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
      "cache-control": "no-store",
      connection: "close",
    });
    response.end(body);
  }

  async #make({ method = "", url = "" }: IncomingMessage): Promise<ControlAnswer> {
    try {
      return await this.#components.answer(method, url);
    } catch (thrown) {
      return errorAnswer(thrown);
    }
  }

  async #stop(): Promise<void> {
    await this.#starting?.catch(() => {});
    const server = this.#server;
    if (server === undefined) return;
    await this.#claimed?.release();
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }
}
