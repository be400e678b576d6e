import { stat } from "node:fs/promises";
import type { Clock, Timer } from "../core/clock.ts";
import { BywayError, systemCode, toBywayError } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import type { Advertisement } from "../wire/advertisement.ts";
import { DIRECTORY_LIMITS } from "./limits.ts";
import { readPeerFile } from "./peer-file.ts";
import { openAdvertisement } from "./signed-advertisement.ts";

/** A peer that is known through its verified advertisement. */
export interface KnownPeer {
  readonly advertisement: Advertisement;
  readonly envelope: Uint8Array;
}

/** Where advertisements come from. */
export interface KnownPeersOptions {
  /** Peers files, read at start and whenever they change. */
  readonly files?: readonly string[];
  readonly localNetwork: boolean;
}

/** The advertisements that this client holds: verified when they come in, newest `seq` kept, expired ones not shown. */
export class KnownPeers {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #options: KnownPeersOptions;
  readonly #peers = new Map<string, KnownPeer>();
  readonly #changedMs = new Map<string, number>();
  /** What was last wrong with a file, so that it is told once and not every half minute. */
  readonly #problems = new Map<string, string>();
  #timer: Timer | undefined;
  #refreshing: Promise<void> = Promise.resolve();

  constructor(components: { clock: Clock; logger: Logger }, options: KnownPeersOptions) {
    this.#clock = components.clock;
    this.#logger = components.logger;
    this.#options = options;
  }

  /** Reads all files; throws if one cannot be read or all in it is refused, since at start the user is there to mend it. */
  async start(): Promise<void> {
    for (const path of this.#options.files ?? []) await this.#read(path);
    this.#timer ??= this.#clock.every(DIRECTORY_LIMITS.rereadMs.value, () => {
      this.#refreshing = this.refresh();
    });
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    await this.#refreshing;
  }

  /** Peers whose advertisement is valid now. */
  current(): readonly KnownPeer[] {
    const nowSec = this.#clock.nowMs() / 1000;
    return [...this.#peers.values()].filter((peer) => peer.advertisement.expiresAtSec > nowSec);
  }

  /** Takes in one signed advertisement. Throws ERR_ADVERTISEMENT_*; an older `seq` is passed over. */
  add(envelope: Uint8Array): void {
    const { localNetwork } = this.#options;
    const advertisement = openAdvertisement(envelope, { nowMs: this.#clock.nowMs(), localNetwork });
    const known = this.#peers.get(advertisement.peer);
    if (known !== undefined && known.advertisement.seq >= advertisement.seq) return;
    this.#peers.set(advertisement.peer, { advertisement, envelope });
  }

  async #read(path: string): Promise<void> {
    // Asked before reading, so that a change in the middle of it is seen the next time.
    const changedMs = (await stat(path).catch(() => undefined))?.mtimeMs ?? 0;
    const envelopes = await readPeerFile(path);
    this.#changedMs.set(path, changedMs);
    const refused: BywayError[] = [];
    for (const envelope of envelopes) {
      try {
        this.add(envelope);
      } catch (error) {
        refused.push(toBywayError(error));
      }
    }
    const [first] = refused;
    if (first !== undefined && refused.length === envelopes.length) {
      const message = `${path} holds no advertisement that can be used: ${first.message}`;
      throw new BywayError(first.code, message, { data: { path }, cause: first });
    }
    for (const { message } of refused) {
      this.#logger.warn("an advertisement in a peers file was refused", { path, reason: message });
    }
  }

  /** Reads changed files again and forgets expired peers; problems are logged, since the peers known so far go on serving. */
  async refresh(): Promise<void> {
    for (const path of this.#options.files ?? []) {
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
    this.#forgetExpired();
  }

  #forgetExpired(): void {
    const nowSec = this.#clock.nowMs() / 1000;
    const before = this.#peers.size;
    for (const [peerId, { advertisement }] of this.#peers) {
      if (advertisement.expiresAtSec <= nowSec) this.#peers.delete(peerId);
    }
    if (before > 0 && this.#peers.size === 0) {
      this.#logger.warn("every advertisement has expired; put fresh ones into the peers files", { expired: before });
    }
  }
}
