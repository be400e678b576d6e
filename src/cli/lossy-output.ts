import { constants, type WriteStream as FileStream, openSync, writeSync } from "node:fs";
import type { Clock, Timer } from "../core/clock.ts";
import { systemCode } from "../core/errors.ts";
import { CLI_LIMITS } from "./limits.ts";

/** Where text goes. */
export interface OutputSink {
  /** Takes what can be written without a wait: says how many of the bytes, from the first on. Never throws. */
  take(bytes: Uint8Array): number;
}

/**
 * Output of a service, which nobody may hold up: what is not taken waits up to a bound, beyond it whole texts are dropped, and
 * counted. Once all that waited is written, a line says how many were dropped.
 *
 *     written at once ── not taken ─► waits (64 KiB) ── full ─► dropped until all that waits is written ─► told
 */
export class LossyOutput {
  readonly #clock: Clock;
  readonly #sink: OutputSink;
  readonly #lostLine: (count: number) => string;
  readonly #waiting: Uint8Array[] = [];
  #bytes = 0;
  #lost = 0;
  #timer: Timer | undefined;

  /** `lostLine` is the line, with its end, that says how many texts were dropped. */
  constructor(
    components: { readonly clock: Clock; readonly sink: OutputSink },
    options: { readonly lostLine: (count: number) => string },
  ) {
    this.#clock = components.clock;
    this.#sink = components.sink;
    this.#lostLine = options.lostLine;
  }

  /** Writes `text`, at once or later; or drops it whole. */
  write(text: string): void {
    this.#flush();
    const bytes = Buffer.from(text);
    if (this.#lost > 0 || this.#bytes + bytes.length > CLI_LIMITS.waitingOutputBytes.value) this.#lost += 1;
    else this.#put(bytes);
  }

  /** Writes what can be written of what waits, and tries no more. Idempotent. */
  end(): void {
    this.#flush();
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #put(bytes: Uint8Array): void {
    const rest = this.#waiting.length > 0 ? bytes : bytes.subarray(this.#sink.take(bytes));
    if (rest.length === 0) return;
    this.#waiting.push(rest);
    this.#bytes += rest.length;
    this.#timer ??= this.#clock.every(CLI_LIMITS.outputRetryMs.value, () => this.#flush());
  }

  #flush(): void {
    for (let [first] = this.#waiting; first !== undefined; [first] = this.#waiting) {
      const taken = this.#sink.take(first);
      this.#bytes -= taken;
      if (taken < first.length) {
        this.#waiting[0] = first.subarray(taken);
        return;
      }
      this.#waiting.shift();
    }
    this.#timer?.cancel();
    this.#timer = undefined;
    const lost = this.#lost;
    this.#lost = 0;
    if (lost > 0) this.#put(Buffer.from(this.#lostLine(lost)));
  }
}

/**
 * A terminal, by a way of its own: Node's own writes wait in the kernel while the terminal is stopped (Ctrl-S), and hold the
 * whole process. The terminal is opened anew, since a flag on the description that the shell shares would be the shell's
 * too. Undefined where that cannot be done.
 */
export function terminalSink(descriptor: 1 | 2): OutputSink | undefined {
  const path = process.platform === "linux" ? `/proc/self/fd/${descriptor}` : "/dev/tty";
  try {
    const own = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    return {
      take(bytes) {
        try {
          return writeSync(own, bytes);
        } catch (error) {
          // A terminal that is gone takes nothing any more, and nobody reads it.
          return systemCode(error) === "EAGAIN" ? 0 : bytes.length;
        }
      },
    };
  } catch {
    return undefined;
  }
}

/** A pipe or file: Node keeps what a pipe does not take, in memory, so it is asked how much that is. */
export function streamSink(stream: Pick<FileStream, "write" | "writableLength" | "destroyed">): OutputSink {
  return {
    take(bytes) {
      if (stream.destroyed) return bytes.length;
      if (stream.writableLength >= CLI_LIMITS.waitingOutputBytes.value) return 0;
      stream.write(bytes);
      return bytes.length;
    },
  };
}
