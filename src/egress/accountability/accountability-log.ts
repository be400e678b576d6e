import type { KeyObject } from "node:crypto";
import type { Clock, Timer } from "../../core/clock.ts";
import { errorRow } from "../../core/error-table.ts";
import { BywayError, systemCode } from "../../core/errors.ts";
import type { Logger } from "../../core/logger.ts";
import type { Random } from "../../core/random.ts";
import { BYTES_PER_MIB, DAY_MS } from "../../core/units.ts";
import { VERSION } from "../../core/version.ts";
import type { PeerId } from "../../identity/peer-id.ts";
import type { HeldFiles } from "./chain-keeper.ts";
import { ChainWriter, type FoundChain } from "./chain-writer.ts";
import { ACCOUNTABILITY_LIMITS } from "./limits.ts";
import { LogQueue } from "./log-queue.ts";
import { asciiJson, type WaitingRecord } from "./log-record.ts";
import { SaltedNames } from "./salted-names.ts";
import {
  type DialledFacts,
  endFields,
  failFields,
  openFields,
  proofFields,
  type StreamFacts,
} from "./stream-fields.ts";
import type { LoggedProof, LoggedStream, LogStatus, StreamEntry, StreamLog } from "./stream-log.ts";

/** What the log is made of. */
export interface AccountabilityLogComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: Random;
}

/** Where the log is written and what it is held to. */
export interface AccountabilityLogOptions {
  /** This chain's own: `<data>/accountability/<n>`. */
  readonly directory: string;
  /** Whether no stream may begin while nothing can be written. */
  readonly required: boolean;
  /** After so many days records are removed. */
  readonly days: number;
  /** How large this chain may become, in MiB. */
  readonly mib: number;
  readonly peerId: PeerId;
  readonly privateKey: KeyObject;
}

const LIMITS = ACCOUNTABILITY_LIMITS;
const NONCE_BYTES = 9;

/** What was found amiss at the start, as the log says it. */
const MISSING: Readonly<Record<NonNullable<FoundChain["missing"]>, string>> = {
  records: "the newest records that the node wrote are missing",
  head: "the head record of the chain was removed or changed",
};

/** Opens the log of one process. It does not throw: where nothing can be written the log is `failing`, and tries again. */
export async function openAccountabilityLog(
  components: AccountabilityLogComponents,
  options: AccountabilityLogOptions,
): Promise<AccountabilityLog> {
  const log = new AccountabilityLog(components, options);
  await log.flush();
  return log;
}

/**
 * Writes what an exit forwarded: a chain of records that nobody can change unseen (docs/accountability-log.md).
 *
 *     closed ─► writing ◄──► failing (tried again every 5 s) ─► stopped
 *
 * Records wait in memory for a quarter of a second at the most, and for one second until they are on the disk. While
 * nothing can be written they wait as far as there is room, and are counted as lost beyond it.
 */
export class AccountabilityLog implements StreamLog {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #random: Random;
  readonly #options: AccountabilityLogOptions;
  readonly #chain: ChainWriter;
  readonly #names: SaltedNames;
  readonly #queue = new LogQueue();
  readonly #tending: Timer;
  #ticking: Timer | undefined;
  #retry: Timer | undefined;
  /** The writing that goes on; one at a time. */
  #work: Promise<void> = Promise.resolve();
  #stopping: Promise<void> | undefined;
  /** How many were asked for and are not over. */
  #works = 0;
  #state: "closed" | "writing" | "failing" | "stopped" = "closed";
  #reason = "";
  #hasStarted = false;
  /** Lost since the last record that says so, and in all. */
  #newlyLost = 0;
  #lost = 0;
  #records = 0;
  #streams = 0;
  #unsyncedSinceMs: number | undefined;
  #unsignedSinceMs: number | undefined;

  constructor(components: AccountabilityLogComponents, options: AccountabilityLogOptions) {
    this.#clock = components.clock;
    this.#logger = components.logger;
    this.#random = components.random;
    this.#options = options;
    const { directory, days, mib, peerId, privateKey } = options;
    const maxBytes = mib * BYTES_PER_MIB;
    const onHeld = (held: HeldFiles): void => this.#warnOfClock(held);
    this.#chain = new ChainWriter({ clock: this.#clock, onHeld }, { directory, days, maxBytes, peerId, privateKey });
    this.#names = new SaltedNames(components);
    this.#tending = this.#clock.every(LIMITS.tendMs.value, () => void this.#do(() => this.#chain.tend()));
  }

  /** Why streams are refused: ERR_NODE_LOG where the log is required and cannot be written. */
  get failure(): BywayError | undefined {
    const isWriting = this.#state === "writing";
    if (!this.#options.required || (isWriting && !this.#queue.isCrowded)) return undefined;
    const why = isWriting ? "the disk is too slow" : this.#state === "failing" ? this.#reason : "it is closed";
    return new BywayError("ERR_NODE_LOG", `the accountability log of the exit cannot be written (${why})`, {
      data: { by: "log" },
    });
  }

  status(): LogStatus {
    const { bytes, held } = this.#chain;
    const counts = { records: this.#records, bytes, lost: this.#lost, ...(held === undefined ? {} : { held }) };
    return this.#state === "writing"
      ? { state: "writing", ...counts }
      : { state: "failing", reason: this.#reason === "" ? "it is closed" : this.#reason, ...counts };
  }

  begin({ link, protocol, target }: LoggedStream): StreamEntry {
    const { failure } = this;
    if (failure !== undefined) throw failure;
    const beganMs = this.#clock.monotonicMs();
    const nowMs = this.#clock.nowMs();
    this.#streams += 1;
    const facts: StreamFacts = {
      stream: this.#streams,
      link: this.#names.nameOf(`link:${link.id}`, nowMs),
      ...(link.payer === undefined ? {} : { payer: this.#names.nameOf(`payer:${link.payer}`, nowMs) }),
      protocol,
      target,
    };
    let dialled: DialledFacts | undefined;
    let isOver = false;
    return {
      opened: (address, fromPort) => {
        if (dialled !== undefined || isOver) return;
        dialled = { address, fromPort };
        this.#add(openFields(facts, this.#nonce(), dialled));
      },
      ended: (end) => {
        if (isOver) return;
        isOver = true;
        const outcome = { ...end, durationMs: Math.round(this.#clock.monotonicMs() - beganMs) };
        if (dialled !== undefined) this.#add(endFields(facts, this.#nonce(), dialled, outcome));
        else if (end.end !== "ok" && errorRow(end.end).kind !== "policy") {
          this.#add(failFields(facts, this.#nonce(), outcome));
        }
      },
    };
  }

  /**
   * A relay's proof of a next hop failed. What never left this machine (a refusal of kind `policy`) leaves no record. A relay
   * does not wait for the log, nor stop where it fails.
   */
  proofFailed(proof: LoggedProof): void {
    if (errorRow(proof.result).kind === "policy") return;
    const link = this.#names.nameOf(`link:${proof.link.id}`, this.#clock.nowMs());
    this.#add(proofFields(link, this.#nonce(), proof));
  }

  /** Settles when the writing that was begun is over. Never rejects. */
  get idle(): Promise<void> {
    return this.#work;
  }

  /** Writes all that waits and brings it to the disk, as far as that goes now. Never throws; the state says how it went. */
  async flush(): Promise<void> {
    await this.#do(async () => {
      if (this.#state === "closed") await this.#openChain();
      await this.#writeQueue();
      await this.#sync();
    });
  }

  /** Writes what waits, signs, and gives the directory back. Idempotent; never throws. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#tending.cancel();
    this.#cancelRetry();
    await this.#do(async () => {
      // One more try: what waits is gone afterwards.
      if (this.#state !== "writing") await this.#openChain();
      this.#enqueue(`"event":"stop"`);
      await this.#writeQueue();
      await this.#chain.sign();
      await this.#sync();
    });
    this.#cancelRetry();
    this.#ticking?.cancel();
    this.#state = "stopped";
    const left = this.#queue.clear() + this.#newlyLost;
    if (left > 0) this.#logger.error("records of the accountability log are lost", { records: left });
    await this.#chain.close();
  }

  #nonce(): string {
    return Buffer.from(this.#random.bytes(NONCE_BYTES)).toString("base64url");
  }

  #add(fields: string): void {
    if (this.#state === "stopped" || !this.#enqueue(fields)) {
      this.#lost += 1;
      this.#newlyLost += 1;
      return;
    }
    if (this.#state !== "writing") return;
    this.#ticking ??= this.#clock.every(LIMITS.tickMs.value, () => this.#tick());
    if (this.#queue.length >= LIMITS.sliceRecords.value && this.#works === 0) void this.#do(() => this.#writeQueue());
  }

  #enqueue(fields: string): boolean {
    return this.#queue.add({ timeMs: this.#clock.nowMs(), fields });
  }

  #tick(): void {
    if (this.#works > 0) return;
    const nowMs = this.#clock.monotonicMs();
    const isDue = (sinceMs: number | undefined, ms: number): boolean => sinceMs !== undefined && nowMs - sinceMs >= ms;
    const signs = isDue(this.#unsignedSinceMs, LIMITS.signMs.value);
    const syncs = isDue(this.#unsyncedSinceMs, LIMITS.syncMs.value);
    if (this.#queue.length === 0 && this.#unsyncedSinceMs === undefined && this.#unsignedSinceMs === undefined) {
      this.#ticking?.cancel();
      this.#ticking = undefined;
      return;
    }
    if (this.#queue.length === 0 && !signs && !syncs) return;
    void this.#do(async () => {
      await this.#writeQueue();
      if (signs) await this.#sign();
      if (syncs) await this.#sync();
    });
  }

  /** Runs `work` after all that was asked for before. What it throws makes the log fail. */
  #do(work: () => Promise<void>): Promise<void> {
    this.#works += 1;
    this.#work = this.#work.then(async () => {
      try {
        if (this.#state !== "failing" || this.#retry === undefined) await work();
      } catch (error) {
        this.#fail(error);
      } finally {
        this.#works -= 1;
      }
    });
    return this.#work;
  }

  async #writeQueue(): Promise<void> {
    while (this.#queue.length > 0) {
      const records = this.#queue.first(LIMITS.sliceRecords.value);
      await this.#chain.append(records);
      this.#queue.drop(records.length);
      this.#records += records.length;
      const nowMs = this.#clock.monotonicMs();
      this.#unsyncedSinceMs ??= nowMs;
      this.#unsignedSinceMs ??= nowMs;
      if (this.#chain.unsigned >= LIMITS.signRecords.value) await this.#sign();
    }
    const lost = this.#newlyLost;
    if (lost === 0) return;
    await this.#chain.append([lostRecord(this.#clock.nowMs(), lost)]);
    this.#newlyLost -= lost;
    this.#records += 1;
  }

  async #sign(): Promise<void> {
    await this.#chain.sign();
    this.#unsignedSinceMs = undefined;
    this.#unsyncedSinceMs ??= this.#clock.monotonicMs();
  }

  async #sync(): Promise<void> {
    await this.#chain.sync();
    this.#unsyncedSinceMs = undefined;
  }

  async #openChain(): Promise<void> {
    const found = await this.#chain.open();
    const resumed = `"event":"resumed","reason":${asciiJson(this.#reason)}`;
    const first = this.#hasStarted ? resumed : this.#startFields(found);
    const timeMs = this.#clock.nowMs();
    const lost = this.#newlyLost;
    const opening = [{ timeMs, fields: first }, ...(lost === 0 ? [] : [lostRecord(timeMs, lost)])];
    await this.#chain.append(opening);
    await this.#chain.sync();
    this.#hasStarted = true;
    this.#newlyLost -= lost;
    this.#records += opening.length;
    this.#unsignedSinceMs ??= this.#clock.monotonicMs();
    if (this.#state === "failing") {
      this.#logger.info("the accountability log can be written again", { directory: this.#options.directory, lost });
    }
    this.#reason = "";
    this.#state = "writing";
    this.#ticking ??= this.#clock.every(LIMITS.tickMs.value, () => this.#tick());
  }

  #startFields({ state, cutBytes, missing }: FoundChain): string {
    const software = `"software":${asciiJson(`byway ${VERSION}`)}`;
    if (missing !== undefined) {
      const { directory } = this.#options;
      const reason = MISSING[missing];
      const remedy = "see with `byway log verify` what is missing, and restore it from a backup if there is one";
      this.#logger.error("the accountability log is not as the node left it", { directory, reason, remedy });
      return `"event":"resumed",${software},"reason":${asciiJson(reason)},"cutBytes":${cutBytes}`;
    }
    if (state !== "cut-off") return `"event":"start",${software}`;
    if (cutBytes > 0) {
      this.#logger.info("the accountability log goes on after a crash", { cutBytes });
    }
    return `"event":"resumed",${software},"reason":"the process before did not stop it","cutBytes":${cutBytes}`;
  }

  #warnOfClock({ files, aheadMs }: HeldFiles): void {
    this.#logger.warn(
      "the clock leapt ahead: files of the accountability log that are too old by it are kept for now",
      {
        directory: this.#options.directory,
        files,
        aheadDays: Math.round(aheadMs / DAY_MS),
        remedy: "set the clock of this machine right; if it is right, the files go after a day of running",
      },
    );
  }

  #fail(error: unknown): void {
    const code = systemCode(error);
    this.#reason = code === "" ? String((error as Error).message) : code;
    this.#unsyncedSinceMs = undefined;
    this.#ticking?.cancel();
    this.#ticking = undefined;
    if (this.#state !== "failing" && this.#state !== "stopped") {
      const { directory, required } = this.#options;
      this.#logger.error(
        required
          ? "the accountability log cannot be written: this exit refuses streams until it can"
          : "the accountability log cannot be written: what this node does for others is not recorded",
        {
          directory,
          reason: this.#reason,
          remedy: "make room, or give the node a directory that it may write; node.log-mib bounds how much it keeps",
        },
      );
      this.#state = "failing";
    }
    this.#cancelRetry();
    this.#retry = this.#clock.after(LIMITS.retryMs.value, () => {
      this.#retry = undefined;
      void this.#do(async () => {
        await this.#openChain();
        await this.#writeQueue();
      });
    });
  }

  #cancelRetry(): void {
    this.#retry?.cancel();
    this.#retry = undefined;
  }
}

function lostRecord(timeMs: number, records: number): WaitingRecord {
  return { timeMs, fields: `"event":"lost","records":${records}` };
}
