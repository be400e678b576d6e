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

/** What examining takes. */
export interface ExamineRelayComponents {
  readonly clock: Clock;
  readonly random: Random;
  readonly builder: Pick<CircuitBuilder, "probe">;
  readonly planner: Pick<PathPlanner, "firstHops" | "behind">;
  /** Whether a node answers by way of others; undefined where that cannot be told. */
  readonly check: (node: string) => Promise<boolean | undefined>;
}

/**
 * Has `relay` carry to nodes that this client draws, one after another, as circuits would go. True when it has carried to three,
 * false when it has not carried to three that are not silent by the own check, undefined when neither is found. A relay that is
 * no first hop is reached by way of one, so that it does not see the client. Undefined too when `signal` aborts.
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
  while (drawn.size < examinedNodes.value && !signal.aborted) {
    const behind = planner.behind(relay, drawn);
    const firstHops = planner.firstHops();
    if (behind === undefined) return undefined;
    const [hop, node] = behind;
    drawn.add(node.peerId);
    const [first] = shuffled(firstHops, random).filter(({ peerId }) => peerId !== relay && peerId !== node.peerId);
    const isFirst = firstHops.some(({ peerId }) => peerId === relay);
    if (!isFirst && first === undefined) return undefined;
    let isStanding = false;
    try {
      const late = (): BywayError => new BywayError("ERR_HOP_TIMEOUT", "the relay took too long");
      using limit = deadline(clock, extendMs.value, late, signal);
      const before = isFirst || first === undefined ? [hop] : [first, hop];
      await builder.probe(
        before,
        node,
        limit.signal,
        () => {},
        () => {
          isStanding = true;
        },
      );
      carried += 1;
      if (carried >= refusedNodes.value) return true;
    } catch {
      // A first hop that does not reach the relay says nothing of it, and neither does what this client ended.
      if (!isStanding || signal.aborted) return undefined;
      if ((await check(node.peerId)) !== false) refused += 1;
      if (refused >= refusedNodes.value) return false;
    }
  }
  return undefined;
}
