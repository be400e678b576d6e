import { pino } from "pino";
import type { Logger, LogLevel } from "../core/logger.ts";
import { plainText } from "../core/plain-text.ts";

/** Where and how to log. */
export interface LoggerOptions {
  readonly level: LogLevel;
  /** Plain lines for people in place of JSON lines. */
  readonly isPlain: boolean;
  /** Takes whole lines. */
  readonly write: (line: string) => void;
}

type Fields = Readonly<Record<string, unknown>>;

/** JSON gives `{}` for an Error: its own `toJSON` if it has one, otherwise name and message. */
function printable(value: unknown): unknown {
  if (!(value instanceof Error) || "toJSON" in value) return value;
  return { name: value.name, message: value.message };
}

function printableFields(fields: Fields): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, printable(value)]));
}

/** One JSON line of pino as `12:00:01 warn  message key=value`. */
function plainLine(line: string): string {
  const { level, time, message, ...fields } = JSON.parse(line) as Readonly<Record<string, unknown>>;
  const texts = Object.entries(fields).map(
    ([name, value]) => ` ${name}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  return `${String(time).slice(11, 19)} ${String(level).padEnd(5)} ${plainText(`${String(message)}${texts.join("")}`)}\n`;
}

/** A logger of structured lines; values in `Sensitive` print as `[scrubbed]`. */
export function createLogger(options: LoggerOptions): Logger {
  const sink = { write: (line: string) => options.write(options.isPlain ? plainLine(line) : line) };
  const log = pino(
    {
      level: options.level,
      messageKey: "message",
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), bindings: () => ({}) },
    },
    sink,
  );
  const at =
    (level: Exclude<LogLevel, "silent">) =>
    (message: string, fields: Fields = {}): void =>
      log[level](printableFields(fields), message);
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
