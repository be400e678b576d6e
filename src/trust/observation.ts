import type { BywayError } from "../core/errors.ts";

/** A node's place in the circuit that showed something of it. The only hop of a circuit is its exit. */
export type HopRole = "guard" | "relay" | "exit";

/** A node as a hop of the circuit that showed something of it. */
export interface ObservedHop {
  readonly peerId: string;
  readonly role: HopRole;
  /** Whether this client dialled it itself: no other hop can make it seem to fail. */
  readonly isFirst: boolean;
}

/** The request for which a circuit was built when a hop failed, and the error. */
export interface BuildObservation {
  readonly requestId: string;
  readonly error: BywayError;
}

/**
 * What one use of a node showed. Times are in ms, on a clock that never goes back.
 *
 * - `answered`: it did what a stream asked of it, which was begun at `beganMs`; an exit after `ms`.
 * - `carried`: it let a circuit be built on to `next`, which was begun at `beganMs`.
 * - `failed`: it did not do what was asked. With `by` it only seems so: the hop before it may have brought it about.
 * - `full`: it takes no more for `forMs`, which is no failure.
 */
export type Observation = ObservedHop & {
  /** Of a hop that failed or was full while a circuit was built for a request. */
  readonly during?: BuildObservation | undefined;
} & (
    | { readonly what: "answered"; readonly beganMs: number; readonly ms?: number | undefined }
    | { readonly what: "carried"; readonly beganMs: number; readonly next: string }
    | { readonly what: "failed"; readonly by?: ObservedHop }
    | { readonly what: "full"; readonly forMs: number }
  );

/** Sees each observation once, when it is made. */
export type ObservationWatch = (observation: Observation) => void;

/** Learns from what is observed. `isNews` is false for a failure of a node that has just failed: many streams fail of one cause. */
export type ObservationView = (observation: Observation, isNews: boolean) => void;
