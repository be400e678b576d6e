import type { ErrorCode } from "../core/error-table.ts";
import type { LogLevel } from "../core/logger.ts";

/** From the node to a worker. */
export type ToWorker =
  /** The first one: everything that the worker's service is made of, the private key among it. Plain JSON values. */
  | { readonly kind: "start"; readonly worker: number; readonly options: unknown }
  /** A connection, which travels beside the message. */
  | { readonly kind: "link"; readonly link: number }
  /** The connection with that number shall give its place to another, if it is an idle link. */
  | { readonly kind: "yield"; readonly link: number }
  /** Share of the node's links that are taken, 0 to 1 in tenths. */
  | { readonly kind: "load"; readonly load: number }
  /** What the service shall go by from now on. */
  | { readonly kind: "orders"; readonly orders: unknown }
  /** Something to do, whose result is told in an answer of the same number. */
  | { readonly kind: "ask"; readonly question: number; readonly asked: unknown }
  /** What the worker's own question came to; undefined where it could not be answered. */
  | { readonly kind: "answer"; readonly question: number; readonly answer: unknown }
  | { readonly kind: "stop" };

/** From a worker to its node. */
export type FromWorker =
  | { readonly kind: "ready" }
  /** It has the connection with that number, so the node may close its own copy. */
  | { readonly kind: "taken"; readonly link: number }
  /** The connection with that number is closed. */
  | { readonly kind: "closed"; readonly link: number }
  /** Whether the connection with that number has given way; its place is free then. */
  | { readonly kind: "yielded"; readonly link: number; readonly given: boolean }
  /** Connections by number and whether each is in use now; of those that are not, the one that is idle longest first. */
  | { readonly kind: "uses"; readonly links: readonly (readonly [link: number, isInUse: boolean])[] }
  /** What its service tells of itself, whenever that has changed. */
  | { readonly kind: "report"; readonly report: unknown }
  | { readonly kind: "answer"; readonly question: number; readonly answer: unknown }
  /** Something that only the node knows. */
  | { readonly kind: "ask"; readonly question: number; readonly asked: unknown }
  | {
      readonly kind: "log";
      readonly level: Exclude<LogLevel, "silent">;
      readonly message: string;
      readonly fields: Readonly<Record<string, unknown>>;
    }
  /** Why it ends now. */
  | { readonly kind: "failed"; readonly code: ErrorCode; readonly message: string };
