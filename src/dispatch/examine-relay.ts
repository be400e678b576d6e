import type { CircuitBuilder } from "../circuit/circuit-builder.ts";
import { CIRCUIT_LIMITS } from "../circuit/limits.ts";
import { deadline } from "../core/abort.ts";
import type { Clock } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import type { Random } from "../core/random.ts";
import { shuffled } from "../core/shuffled.ts";
import { TRUST_LIMITS } from "../trust/limits.ts";
import { DISPATCH_LIMITS } from "./limits.ts";
import type { PathPlanner } from "./path-planner.ts";

/** First hops behind which a relay must be silent for that to be its own doing. */
const WITNESSES = 2;

/** The components of an examination. */
export interface ExamineRelayComponents {
  readonly clock: Clock;
  readonly random: Random;
  readonly builder: Pick<CircuitBuilder, "probe">;
  readonly planner: Pick<PathPlanner, "firstHops" | "behind">;
  /** Whether a node answers through other nodes; undefined if that cannot be found out. */
  readonly check: (node: string) => Promise<boolean | undefined>;
}

/**
 * Has `relay` carry to nodes that this client draws, one after another, as circuits would go. True when it has carried to three,
 * false when it has not carried to three that are not silent by the own check, undefined when neither is found. A relay that is
 * no first hop is reached by way of one, so that it does not see the client. Undefined too when `signal` aborts.
 *
 * A first hop can cut the relay off in the middle, and so can the relay itself. If the relay says nothing after a failure, that
 * counts only when it was so behind two first hops.
 */
export async function examineRelay(
  { clock, random, builder, planner, check }: ExamineRelayComponents,
  relay: string,
  signal: AbortSignal,
): Promise<boolean | undefined> {
  const { examinedNodes } = DISPATCH_LIMITS;
  const { refusedNodes } = TRUST_LIMITS;
  const { extendMs } = CIRCUIT_LIMITS;
  const drawn = new Set<string>();
  let carried = 0;
  let refused = 0;
  /** How often the relay was cut off behind each first hop. */
  const cuts = new Map<string, number>();
  while (drawn.size < examinedNodes.value && !signal.aborted) {
    const behind = planner.behind(relay, drawn);
    const firstHops = planner.firstHops();
    if (behind === undefined) return undefined;
    const [hop, node] = behind;
    drawn.add(node.peerId);
    const others = shuffled(firstHops, random).filter(({ peerId }) => peerId !== relay && peerId !== node.peerId);
    const first = others.find(({ peerId }) => !cuts.has(peerId)) ?? others[0];
    const isFirst = firstHops.some(({ peerId }) => peerId === relay);
    if (!isFirst && first === undefined) return undefined;
    let isThere: boolean | undefined;
    try {
      const late = (): BywayError => new BywayError("ERR_HOP_TIMEOUT", "the relay took too long");
      using limit = deadline(clock, extendMs.value, late, signal);
      const before = isFirst || first === undefined ? [hop] : [first, hop];
      await builder.probe(
        before,
        node,
        limit.signal,
        () => {},
        (answers) => {
          isThere = answers;
        },
      );
      carried += 1;
      if (carried >= refusedNodes.value) return true;
    } catch {
      // A first hop that does not reach the relay says nothing of it, and neither does what this client ended.
      if (isThere === undefined || signal.aborted) return undefined;
      if ((await check(node.peerId)) === false) continue;
      if (isThere || isFirst || first === undefined) refused += 1;
      else cuts.set(first.peerId, (cuts.get(first.peerId) ?? 0) + 1);
      const cut = cuts.size >= WITNESSES ? [...cuts.values()].reduce((sum, times) => sum + times, 0) : 0;
      if (refused + cut >= refusedNodes.value) return false;
    }
  }
  return undefined;
}
