import { fork } from "node:child_process";
import type { Socket } from "node:net";
import { execArgv } from "node:process";
import { fileURLToPath } from "node:url";
import type { FromWorker, ToWorker, WorkerContract } from "./messages.ts";

/** What happens to a worker's process. */
export interface WorkerEvents<C extends WorkerContract> {
  readonly onMessage: (message: FromWorker<C>) => void;
  /** The process is gone, or could not be started. Called once. */
  readonly onExit: (reason: string) => void;
}

/** A worker's process. */
export interface WorkerChild<C extends WorkerContract> {
  /** Sends a message and, beside it, a copy of `socket`; the caller keeps its own. What cannot be sent is dropped. */
  send(message: ToWorker<C>, socket?: Socket): void;
  /** Ends it with SIGKILL. */
  kill(): void;
}

/** Starts a process. */
export type ForkWorker<C extends WorkerContract> = (workerNumber: number, events: WorkerEvents<C>) => WorkerChild<C>;

/** A process of our own program: its messages have the types of the contract. */
interface TypedChild<C extends WorkerContract> {
  on(event: "message", listener: (message: FromWorker<C>) => void): unknown;
}

// Options of the program that runs the node as a library (`--eval`, `--test`, `--import`) are not the worker's.
const INHERITED = /^--(max|min|stack|heap-prof|cpu-prof|trace|disable-warning|no-warnings|enable-source-maps)\b/;

/** Forks `entry` under the runtime that runs this. The number is the one argument; nothing secret is in view of others. */
export function forkWorker<C extends WorkerContract>(entry: URL): ForkWorker<C> {
  return (workerNumber, events) => {
    const child = fork(fileURLToPath(entry), [String(workerNumber)], {
      execArgv: execArgv.filter((option) => INHERITED.test(option)),
      // Standard output belongs to the node; what the runtime itself has to say about a crash goes to standard error.
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    const typed: TypedChild<C> = child;
    typed.on("message", events.onMessage);
    child.on("error", (error) => {
      if (child.pid === undefined) events.onExit(error.message);
    });
    // Not "exit", which may come before the last message has been read.
    child.once("close", (code, signal) => events.onExit(signal ?? `exit code ${code}`));
    return {
      send(message, socket) {
        // Without keepOpen, Node never closes a socket whose receiver died before it acknowledged it.
        if (child.connected) child.send(message, socket, { keepOpen: true }, () => {});
      },
      kill: () => void child.kill("SIGKILL"),
    };
  };
}
