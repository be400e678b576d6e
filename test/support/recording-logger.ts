import type { Logger } from "../../src/core/logger.ts";

/** A logger that keeps all lines, as text with their fields in JSON. */
export class RecordingLogger implements Logger {
  readonly lines: string[] = [];

  debug(message: string, fields?: object): void {
    this.#keep("debug", message, fields);
  }

  info(message: string, fields?: object): void {
    this.#keep("info", message, fields);
  }

  warn(message: string, fields?: object): void {
    this.#keep("warn", message, fields);
  }

  error(message: string, fields?: object): void {
    this.#keep("error", message, fields);
  }

  #keep(level: string, message: string, fields: object | undefined): void {
    this.lines.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`);
  }
}
