import type { ErrorCode } from "../core/error-table.ts";
import type { LogLevel } from "../core/logger.ts";
import type { AnswerMessage, AskMessage, Questions } from "./question-channel.ts";

/** The types of all that a node and its workers say to each other. Each is plain JSON. */
export interface WorkerContract {
  /** All that the worker's service is made of, the private key among it. */
  readonly options: unknown;
  /** What the service obeys. */
  readonly orders: unknown;
  /** What the service says of itself. */
  readonly report: unknown;
  /** What the node asks its workers. */
  readonly workerAnswers: Questions;
  /** What a worker asks its node. */
  readonly nodeAnswers: Questions;
}

/** From the node to a worker. */
export type ToWorker<C extends WorkerContract> =
  /** The first one. */
  | { readonly kind: "start"; readonly worker: number; readonly options: C["options"] }
  /** A connection, which travels beside the message. */
  | { readonly kind: "link"; readonly link: number }
  /** The connection with that number shall give its place to another, if it is an idle link. */
  | { readonly kind: "yield"; readonly link: number }
  /** Share of the node's links that are taken, 0 to 1 in tenths. */
  | { readonly kind: "load"; readonly load: number }
  | { readonly kind: "orders"; readonly orders: C["orders"] }
  | AskMessage<C["workerAnswers"]>
  | AnswerMessage<C["nodeAnswers"]>
  | { readonly kind: "stop" };

/** From a worker to its node. */
export type FromWorker<C extends WorkerContract> =
  | { readonly kind: "ready" }
  /** It has the connection with that number, so the node may close its own copy. */
  | { readonly kind: "taken"; readonly link: number }
  /** The connection with that number is closed. */
  | { readonly kind: "closed"; readonly link: number }
  /** Whether the connection with that number has given way; its place is free then. */
  | { readonly kind: "yielded"; readonly link: number; readonly given: boolean }
  /** Connections by number and whether each is in use now; of those that are not, the one that is idle longest first. */
  | { readonly kind: "uses"; readonly links: readonly (readonly [link: number, isInUse: boolean])[] }
  /** Sent whenever it has changed. */
  | { readonly kind: "report"; readonly report: C["report"] }
  | AskMessage<C["nodeAnswers"]>
  | AnswerMessage<C["workerAnswers"]>
  | LogMessage
  /** Why it ends now. */
  | { readonly kind: "failed"; readonly code: ErrorCode; readonly message: string };

/** A line for the node's log. */
export interface LogMessage {
  readonly kind: "log";
  readonly level: Exclude<LogLevel, "silent">;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}
