import { close as closeFile, closeSync, open as openFile, openSync } from "node:fs";
import { constants } from "node:os";
import type { Clock, Timer } from "./clock.ts";
import { systemCode } from "./errors.ts";
import { CORE_LIMITS } from "./limits.ts";
import type { Logger } from "./logger.ts";

const PROBE = process.platform === "win32" ? "NUL" : "/dev/null";
const DEPTH = 8;

/** Whether an error, or what caused it, is that no file or socket could be opened because too many are open. */
export function isOutOfDescriptors(error: unknown): boolean {
  let cause = error;
  for (let depth = 0; depth < DEPTH && cause !== undefined && cause !== null; depth += 1) {
    if (["EMFILE", "ENFILE"].includes(systemCode(cause)) || isErrno(cause)) return true;
    ({ cause } = cause as { readonly cause?: unknown });
  }
  return false;
}

/** Some calls of Node's tell the number alone. */
function isErrno(error: unknown): boolean {
  const { errno } = error as { readonly errno?: unknown };
  return typeof errno === "number" && [constants.errno.EMFILE, constants.errno.ENFILE].includes(Math.abs(errno));
}

/** Whether this process can open so many more files. SQLite, for one, does not say why it cannot. */
export function hasDescriptors(count: number): boolean {
  const opened: number[] = [];
  try {
    while (opened.length < count) opened.push(openSync(PROBE, "r"));
    return true;
  } catch (error) {
    return !isOutOfDescriptors(error);
  } finally {
    for (const descriptor of opened) closeSync(descriptor);
  }
}

/** Settles with whether one more file can be opened. */
function probe(): Promise<boolean> {
  return new Promise((resolve) => {
    openFile(PROBE, "r", (error, descriptor) => {
      if (error !== null) resolve(!isOutOfDescriptors(error));
      else closeFile(descriptor, () => resolve(true));
    });
  });
}

/**
 * Notices that a process has run out of file descriptors. Node says nothing of connections that it then drops before they
 * are accepted, so this opens a file each second and sees whether it can. It warns once in ten minutes.
 */
export class DescriptorWatch {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #probe: () => Promise<boolean>;
  #timer: Timer | undefined;
  #looking: Promise<void> | undefined;
  #lastMs: number | undefined;
  #warnedMs: number | undefined;

  /** `probe` settles with whether a file can be opened; default: opens one. */
  constructor(components: { readonly clock: Clock; readonly logger: Logger; readonly probe?: () => Promise<boolean> }) {
    this.#clock = components.clock;
    this.#logger = components.logger;
    this.#probe = components.probe ?? probe;
  }

  /** Whether there was none left in the last ten minutes. */
  get wasOut(): boolean {
    return this.#isRecent(this.#lastMs);
  }

  /** Begins to look. Idempotent. */
  start(): void {
    this.#timer ??= this.#clock.every(CORE_LIMITS.descriptorLookMs.value, () => void this.#look());
  }

  /** Settles when nothing is being looked at. Idempotent. */
  async stop(): Promise<void> {
    this.#timer?.cancel();
    await this.#looking;
  }

  #look(): Promise<void> {
    this.#looking ??= this.#probe().then((isLeft) => {
      this.#looking = undefined;
      if (!isLeft) this.#note();
    });
    return this.#looking;
  }

  #note(): void {
    this.#lastMs = this.#clock.monotonicMs();
    if (this.#isRecent(this.#warnedMs)) return;
    this.#warnedMs = this.#lastMs;
    this.#logger.warn("this process has no file descriptor left: connections are dropped, and files cannot be opened", {
      remedy: "allow more open files (LimitNOFILE= in a systemd unit, ulimit -n in a shell), or let fewer streams in",
    });
  }

  #isRecent(atMs: number | undefined): boolean {
    return atMs !== undefined && this.#clock.monotonicMs() - atMs < CORE_LIMITS.descriptorTellMs.value;
  }
}
