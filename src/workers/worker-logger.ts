import type { Logger, LogLevel } from "../core/logger.ts";
import { WORKERS_LIMITS } from "./limits.ts";
import type { LogMessage } from "./messages.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Sends a message to the node and calls `onSent` when it has left. */
export type SendToNode = (message: LogMessage, onSent: () => void) => void;

/** A logger whose lines go to the node. Where they come faster than they leave, some are left out and counted. */
export function createWorkerLogger(send: SendToNode): Logger {
  let unsent = 0;
  let leftOut = 0;
  const line = (level: Exclude<LogLevel, "silent">, message: string, fields: Fields): void => {
    unsent += 1;
    send({ kind: "log", level, message, fields }, () => {
      unsent -= 1;
    });
  };
  const at =
    (level: Exclude<LogLevel, "silent">) =>
    (message: string, fields: Fields = {}): void => {
      if (unsent >= WORKERS_LIMITS.unsentLogLines.value) {
        leftOut += 1;
        return;
      }
      line(level, message, sendable(fields));
      if (leftOut === 0) return;
      line("warn", "log lines came too fast and were left out", { lines: leftOut });
      leftOut = 0;
    };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** The fields as they print: what is sensitive is scrubbed before it leaves the process. */
function sendable(fields: Fields): Fields {
  const text = JSON.stringify(fields, (_, value: unknown) =>
    value instanceof Error ? { name: value.name, message: value.message } : value,
  );
  if (text.length > WORKERS_LIMITS.logLineCharacters.value) return { fieldsLeftOut: text.length };
  return JSON.parse(text) as Fields;
}
