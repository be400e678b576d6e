import { homedir } from "node:os";
import { systemClock } from "../core/clock.ts";
import { BywayError, systemCode } from "../core/errors.ts";
import { CLI_LIMITS } from "./limits.ts";
import { runProgram } from "./program.ts";
import { reportError } from "./report-error.ts";
import { STOP_EXIT_CODES, watchStopSignals } from "./stop-signals.ts";
import type { StopSignal, Terminal } from "./terminal.ts";

// The entry of the command line, and the one home of process.env and process.exit.

const { promise: stopRequest, resolve: requestStop } = Promise.withResolvers<StopSignal>();
let endCode = 0;
let stoppedBy: StopSignal | undefined;

const terminal: Terminal = {
  writeOut: (text) => void process.stdout.write(text),
  writeError: (text) => void process.stderr.write(text),
  endWith: (code) => {
    endCode = code;
  },
  clock: systemClock,
  errorIsTty: process.stderr.isTTY === true,
  environment: process.env,
  homeDirectory: homedir(),
  stopRequest,
};

// What cannot be written goes nowhere, and what runs goes on: a full disk under a log must not end a node.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});

/** Tells of a result that was lost. A reader that went away (`byway config show | head -1`) is no failure of ours. */
function checkOutput(): void {
  const cause = process.stdout.errored;
  if (stoppedBy !== undefined || cause === null || systemCode(cause) === "EPIPE") return;
  const error = new BywayError("ERR_OUTPUT", `the result cannot be written (${systemCode(cause)})`, { cause });
  process.exitCode = reportError(terminal, args.includes("--json"), error);
}

watchStopSignals(
  process,
  (signal) => {
    stoppedBy = signal;
    process.exitCode = STOP_EXIT_CODES[signal];
    systemClock.after(CLI_LIMITS.stopGraceMs.value, () => process.exit(STOP_EXIT_CODES[signal]));
    requestStop(signal);
  },
  (signal) => process.exit(STOP_EXIT_CODES[signal]),
);

const args = process.argv.slice(2);

process.on("uncaughtException", (error) => {
  process.exit(reportError(terminal, args.includes("--json"), error));
});

async function main(): Promise<number> {
  try {
    await runProgram(terminal, args);
    return endCode;
  } catch (error) {
    return stoppedBy === undefined ? reportError(terminal, args.includes("--json"), error) : 0;
  }
}

const code = await main();
process.exitCode = stoppedBy === undefined ? code : STOP_EXIT_CODES[stoppedBy];
// Pipes are asynchronous on some systems: what was written leaves before the process does.
process.stdout.write("", () => {
  checkOutput();
  process.stderr.write("", () => process.exit());
});
