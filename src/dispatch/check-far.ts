import type { CircuitBuilder } from "../circuit/circuit-builder.ts";
import { deadline } from "../core/abort.ts";
import type { Clock } from "../core/clock.ts";
import { BywayError, toBywayError } from "../core/errors.ts";
import type { Random } from "../core/random.ts";
import { shuffled } from "../core/shuffled.ts";
import { parsePeerId } from "../identity/peer-id.ts";
import { firstHopWays } from "../link/way-kinds.ts";
import { LIVENESS_LIMITS } from "../liveness/limits.ts";
import type { KnownPeer } from "../peers/known-peer.ts";
import type { PathPlanner } from "./path-planner.ts";

/** The components of a check through other nodes. */
export interface FarCheckComponents {
  readonly clock: Clock;
  readonly random: Random;
  readonly builder: Pick<CircuitBuilder, "probe">;
  readonly planner: Pick<PathPlanner, "firstHops" | "relayBefore">;
}

/** A hop may lie about the node behind it: only what two ways show that share no hop is held against the node. */
const WITNESSES = 2;

/**
 * Whether a node answers by way of a first hop and, where there is one, another relay, so that the node does not see the
 * first hop; and the round trip from the last of these to the node in ms; undefined where there are not two
 * first hops to ask through. Rejects when it answers by neither, or with the abort reason.
 */
export async function checkFar(
  { clock, random, builder, planner }: FarCheckComponents,
  { advertisement }: Pick<KnownPeer, "advertisement">,
  signal: AbortSignal,
  onConnected: () => void,
): Promise<number | undefined> {
  const peerId = parsePeerId(advertisement.peer);
  const ways = firstHopWays(advertisement);
  if (ways.length === 0) throw new BywayError("ERR_HOP_UNREACHABLE", "the peer has no endpoint");
  const through = shuffled(planner.firstHops(), random)
    .filter((first) => first.peerId !== peerId)
    .slice(0, WITNESSES);
  const used = new Set(through.map((first) => String(first.peerId)));
  let failure: BywayError | undefined;
  for (const first of through) {
    using limit = deadline(
      clock,
      LIVENESS_LIMITS.checkMs.value / WITNESSES,
      () => new BywayError("ERR_HOP_TIMEOUT", "the node did not answer in time"),
      signal,
    );
    try {
      const relay = planner.relayBefore(peerId, used);
      if (relay !== undefined) used.add(relay.peerId);
      const before = relay === undefined ? [first] : [first, relay];
      return await builder.probe(before, { peerId, ways }, limit.signal, onConnected);
    } catch (error) {
      if (signal.aborted) throw error;
      failure = toBywayError(error);
    }
  }
  if (failure === undefined || through.length < WITNESSES) return undefined;
  throw failure;
}
