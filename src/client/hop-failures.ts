import type { CircuitBuilderComponents } from "../circuit/circuit-builder.ts";
import type { GuardSet } from "../routing/guard-set.ts";
import type { OwnExperience } from "../trust/own-experience.ts";
import type { PeerSource } from "./peer-source.ts";

/** Who hears of hops that failed. */
export interface HopFailuresComponents {
  readonly peers: Pick<PeerSource, "doubt">;
  readonly experience: Pick<OwnExperience, "noteFailure">;
  readonly guards: Pick<GuardSet, "noteFailure">;
}

/**
 * What a client makes of a hop that failed: it loses trust and is checked, and a first hop counts as failed as a guard. One
 * behind others is checked by way of others: it must not see who comes to look right after it failed.
 */
export function hopFailures({
  peers,
  experience,
  guards,
}: HopFailuresComponents): Required<Pick<CircuitBuilderComponents, "onHopFailed" | "onFirstHopFailed" | "check">> {
  return {
    onHopFailed: (peer, isFirst) => {
      void peers.doubt(peer, !isFirst);
      experience.noteFailure(peer);
    },
    // A hop that says of a guard behind it that it fails must not make the client leave its guard.
    onFirstHopFailed: (peer) => guards.noteFailure(peer),
    // What one hop shows of another is no evidence; what this client's own check finds is.
    check: (peer) => peers.doubt(peer, true),
  };
}
