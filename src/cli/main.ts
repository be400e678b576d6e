import { homedir } from "node:os";
import { isatty } from "node:tty";
import { systemClock } from "../core/clock.ts";
import { counted } from "../core/counted.ts";
import { BywayError, systemCode } from "../core/errors.ts";
import { CLI_LIMITS } from "./limits.ts";
import { LossyOutput, streamSink, terminalSink } from "./lossy-output.ts";
import { runProgram } from "./program.ts";
import { reportError } from "./report-error.ts";
import { STOP_EXIT_CODES, watchStopSignals } from "./stop-signals.ts";
import type { StopSignal, Terminal } from "./terminal.ts";

// The entry of the command line, and the one home of process.env and process.exit.

const { promise: stopRequest, resolve: requestStop } = Promise.withResolvers<StopSignal>();
const { promise: readerGone, resolve: noteReaderGone } = Promise.withResolvers<void>();
let endCode = 0;
let stoppedBy: StopSignal | undefined;

/** Present once the command is a service. */
let lossy: { readonly out: LossyOutput; readonly error: LossyOutput } | undefined;

function lossyOutput(stream: NodeJS.WriteStream, descriptor: 1 | 2): LossyOutput {
  const isTty = stream.isTTY === true;
  const sink = (isTty && terminalSink(descriptor)) || streamSink(stream);
  const lostLine = (count: number): string => {
    const message = `${counted(count, "line")} before this ${count === 1 ? "was" : "were"} dropped, as nobody took what was written`;
    return isTty ? `byway: ${message}\n` : `${JSON.stringify({ level: "warn", message })}\n`;
  };
  return new LossyOutput({ clock: systemClock, sink }, { lostLine });
}

/** `os.homedir` throws for a user without an entry in the system's list. */
function homeDirectory(): string | undefined {
  try {
    return homedir() || undefined;
  } catch {
    return undefined;
  }
}

const hangups = new Set<() => void>();

function hangUp(): void {
  for (const run of hangups) run();
}

const terminal: Terminal = {
  writeOut: (text) => void (lossy?.out ?? process.stdout).write(text),
  writeError: (text) => void (lossy?.error ?? process.stderr).write(text),
  beginService() {
    lossy ??= { out: lossyOutput(process.stdout, 1), error: lossyOutput(process.stderr, 2) };
  },
  onHangup: (run) => void hangups.add(run),
  endWith: (code) => {
    endCode = code;
  },
  clock: systemClock,
  errorIsTty: process.stderr.isTTY === true,
  environment: process.env,
  homeDirectory: homeDirectory(),
  readerGone,
  stopRequest,
};

// What cannot be written goes nowhere, and what runs goes on: a full disk under a log must not end a node.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error) => {
    if (systemCode(error) === "EPIPE") noteReaderGone();
  });
}

/** Tells of a result that was lost. A reader that went away (`byway config show | head -1`) is no failure of ours. */
function checkOutput(): void {
  const cause = process.stdout.errored;
  if (stoppedBy !== undefined || cause === null || systemCode(cause) === "EPIPE") return;
  const error = new BywayError("ERR_OUTPUT", `the result cannot be written (${systemCode(cause)})`, { cause });
  process.exitCode = reportError(terminal, args.includes("--json"), error);
}

// The launcher's handlers, which were there while this was being loaded, do nothing from now on.
Reflect.set(globalThis, Symbol.for("byway.command-handles-signals"), true);

watchStopSignals(
  process,
  (signal) => {
    stoppedBy = signal;
    process.exitCode = STOP_EXIT_CODES[signal];
    systemClock.after(CLI_LIMITS.exitGraceMs.value, () => process.exit(STOP_EXIT_CODES[signal]));
    requestStop(signal);
  },
  (signal) => process.exit(STOP_EXIT_CODES[signal]),
  // Node forgets at its start that `nohup` had SIGHUP ignored, so the terminal decides: where there is none, nobody hung up.
  [0, 1, 2].some((descriptor) => isatty(descriptor)) ? undefined : hangUp,
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
lossy?.out.end();
lossy?.error.end();
// Pipes are asynchronous on some systems: what was written leaves before the process does.
process.stdout.write("", () => {
  checkOutput();
  process.stderr.write("", () => process.exit());
});
