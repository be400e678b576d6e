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
  readonly homeDirectory: string;
  /** Settles with the first signal that asks to stop; never rejects. */
  readonly stopRequest: Promise<StopSignal>;
}
