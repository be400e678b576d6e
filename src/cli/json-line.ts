import type { Command } from "commander";

// JSON leaves DEL and the controls of Latin-1 as they are; a terminal may take them for commands.
const CONTROL = /[\u007f-\u009f]/g;

/** A value as one line of JSON that may be written to a terminal, whoever chose its texts. */
export function jsonLine(value: unknown): string {
  const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return `${JSON.stringify(value).replace(CONTROL, escaped)}\n`;
}

/** Whether `command`, or one above it, was given `--json`. */
export function isJson(command: Command): boolean {
  return command.optsWithGlobals<{ readonly json?: true }>().json === true;
}
