import type { Circuit } from "./circuit.ts";
import type { CircuitPool } from "./circuit-pool.ts";
import type { CircuitRequest } from "./circuit-request.ts";
import { CircuitTries } from "./circuit-tries.ts";

/**
 * Runs `use` on a circuit, and on another one as long as a hop is at fault and no bytes of the app's may have gone out. They have
 * not if the hop provably did not read the request (`isUnprocessed`); the hop keeps its good name the first time.
 * A circuit on which it failed takes no new streams. Throws the first error when no other circuit can be had, else the last;
 * what a session's chooser throws (ERR_SESSION_*) comes before both.
 *
 *     use ── answer in time ─► result
 *      └ none within hedgeMs ─► the exit is asked for a sign of life ── silent ─► as if it had failed
 *              └─► a second circuit of another exit is tried beside it; the first success is the result
 *
 * A second one is tried within the pool's budget, never for a session (it keeps its exit) nor when bytes of the app's go out.
 * `signal` of the one that lost aborts, and what it opens late goes to `release`, which ends it.
 *
 * An exit that declines (its policy closes the target, it is full or closed) keeps its good name, and another one is asked,
 * except in a session, which stays with its exit as long as that is open. Where all decline, the first one's words are thrown.
 *
 * A refusal by the target is final: another exit would mostly hear the same. Only a try that is running already
 * is waited for, as long as its own history allows; then the refusal is thrown.
 */
export function tryCircuits<T>(
  pool: CircuitPool,
  request: CircuitRequest,
  use: (circuit: Circuit, signal: AbortSignal) => Promise<T>,
  release: (late: T) => void = () => {},
): Promise<T> {
  return new CircuitTries({ pool, use, release }, request).run();
}
