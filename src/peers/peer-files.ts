import { stat } from "node:fs/promises";
import type { Clock, Timer } from "../core/clock.ts";
import { BywayError, systemCode, toBywayError } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import { PEERS_LIMITS } from "./limits.ts";
import type { PeerBook } from "./peer-book.ts";
import { readPeerFile } from "./peer-file.ts";

/** What peers files feed. */
export type PeerFilesBook = Pick<PeerBook, "add" | "flush" | "size">;

/** Feeds a book from peers files: reads them at start, and whenever they change. */
export class PeerFiles {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #book: PeerFilesBook;
  readonly #paths: readonly string[];
  readonly #changedMs = new Map<string, number>();
  /** What was last wrong with a file, so that it is told once and not every half minute. */
  readonly #problems = new Map<string, string>();
  /** Whether the book knew anybody when it was last looked at. */
  #knewAny = false;
  #timer: Timer | undefined;
  #refreshing: Promise<void> = Promise.resolve();

  constructor(components: { clock: Clock; logger: Logger; book: PeerFilesBook }, paths: readonly string[]) {
    this.#clock = components.clock;
    this.#logger = components.logger;
    this.#book = components.book;
    this.#paths = paths;
  }

  /** Reads all files; throws if one cannot be read or all in it is refused, since at start the user is there to mend it. */
  async start(): Promise<void> {
    for (const path of this.#paths) await this.#read(path);
    this.#knewAny = this.#book.size > 0;
    this.#timer ??= this.#clock.every(PEERS_LIMITS.rereadMs.value, () => {
      this.#refreshing = this.refresh();
    });
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    await this.#refreshing;
  }

  async #read(path: string): Promise<void> {
    // Asked before reading, so that a change in the middle of it is seen the next time.
    const changedMs = (await stat(path).catch(() => undefined))?.mtimeMs ?? 0;
    const envelopes = await readPeerFile(path);
    this.#changedMs.set(path, changedMs);
    const refused: BywayError[] = [];
    for (const envelope of envelopes) {
      try {
        this.#book.add(envelope, { kind: "file" });
      } catch (error) {
        const known = toBywayError(error);
        // Somebody else may have told of a newer one.
        if (known.code !== "ERR_ADVERTISEMENT_OLD") refused.push(known);
      }
    }
    this.#book.flush();
    const [first] = refused;
    if (first !== undefined && refused.length === envelopes.length) {
      const message = `${path} holds no advertisement that can be used: ${first.message}`;
      throw new BywayError(first.code, message, { data: { path }, cause: first });
    }
    for (const { message } of refused) {
      this.#logger.warn("an advertisement in a peers file was refused", { path, reason: message });
    }
  }

  /** Reads changed files again; problems are logged, since the peers known so far go on serving. */
  async refresh(): Promise<void> {
    for (const path of this.#paths) {
      let problem = "";
      try {
        if ((await stat(path)).mtimeMs !== this.#changedMs.get(path)) await this.#read(path);
      } catch (error) {
        problem = error instanceof BywayError ? error.message : `${path} cannot be read (${systemCode(error)})`;
      }
      if (problem !== "" && problem !== this.#problems.get(path)) {
        this.#logger.warn("a peers file could not be read again", { path, reason: problem });
      }
      this.#problems.set(path, problem);
    }
    if (this.#paths.length > 0) this.#tellExpired();
  }

  #tellExpired(): void {
    const knowsAny = this.#book.size > 0;
    if (this.#knewAny && !knowsAny) {
      this.#logger.warn("every advertisement has expired; put fresh ones into the peers files");
    }
    this.#knewAny = knowsAny;
  }
}
