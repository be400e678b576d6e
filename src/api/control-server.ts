import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { BywayError, systemCode } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import type { AnswerQuestion } from "./answer-page.ts";
import { claimSocket, inUse, listen } from "./claimed-socket.ts";
import { type ControlName, pipeName } from "./control-path.ts";
import type { ClaimedSocket } from "./held-socket.ts";
import { API_LIMITS } from "./limits.ts";
import { unfit } from "./page-params.ts";

const CHECK_MS = 500;

/** What a control server works with. */
export interface ControlComponents {
  /** Answers what the owner asks; never rejects. */
  readonly answer: AnswerQuestion;
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
    response.on("error", () => {});
    // An answer may take longer than an idle connection is kept.
    const { socket } = request;
    socket.setTimeout(API_LIMITS.controlSlowMs.value);
    const { method = "", url: target = "" } = request;
    const readBody = (): Promise<string> => bodyOf(request);
    const { status, type, body } = await this.#components.answer({ method, target, principal: "owner", readBody });
    socket.setTimeout(API_LIMITS.controlRequestMs.value);
    response.writeHead(status, {
      "content-type": type,
      "content-length": Buffer.byteLength(body),
      "cache-control": "no-store",
      connection: "close",
    });
    response.end(body);
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

/** The whole body of a request. Throws ERR_CONTROL_REQUEST for one that is too long or does not come whole. */
function bodyOf(request: IncomingMessage): Promise<string> {
  const most = API_LIMITS.controlBodyBytes.value;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  return new Promise((resolve, reject) => {
    request.on("data", (chunk: Uint8Array) => {
      bytes += chunk.length;
      if (bytes <= most) chunks.push(chunk);
      // The rest is read and dropped: a connection that is closed over it may lose the answer.
      else reject(unfit(`the body is longer than ${most} bytes`));
    });
    request.once("end", () => resolve(Buffer.concat(chunks).toString()));
    for (const event of ["error", "close"]) request.once(event, () => reject(unfit("the body did not come whole")));
  });
}
