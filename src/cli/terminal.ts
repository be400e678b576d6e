import type { Clock } from "../core/clock.ts";

/** The signals that ask a command to stop. */
export type StopSignal = "SIGINT" | "SIGTERM" | "SIGHUP";

/** What a command sees of the process that it runs in; `main.ts` makes the real one. */
export interface Terminal {
  /** Results only. */
  writeOut(text: string): void;
  /** Everything that is not a result. */
  writeError(text: string): void;
  /** Has the command end with `code` in place of 0, although nothing failed. */
  endWith(code: number): void;
  readonly clock: Clock;
  readonly errorIsTty: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Undefined where the system knows none: no HOME, and no entry of this user. */
  readonly homeDirectory: string | undefined;
  /** From now on nobody holds up the process by not taking what it writes: what waits too long is dropped and counted. */
  beginService(): void;
  /** Runs `run` at each SIGHUP that comes without a terminal, where it does not ask to stop. */
  onHangup(run: () => void): void;
  /** Settles when something was written that the reader of a pipe no longer takes; never rejects. */
  readonly readerGone: Promise<void>;
  /** Settles with the first signal that asks to stop; never rejects. */
  readonly stopRequest: Promise<StopSignal>;
}
