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

/** What a client makes of a hop that failed: it loses trust and is checked, and a first hop counts as failed as a guard. */
export function hopFailures({
  peers,
  experience,
  guards,
}: HopFailuresComponents): Required<Pick<CircuitBuilderComponents, "onHopFailed" | "onFirstHopFailed" | "check">> {
  return {
    onHopFailed: (peer) => {
      void peers.doubt(peer);
      experience.noteFailure(peer);
    },
    // A hop that says of a guard behind it that it fails must not make the client leave its guard.
    onFirstHopFailed: (peer) => guards.noteFailure(peer),
    // What one hop shows of another is no evidence; what this client's own check finds is.
    check: (peer) => peers.doubt(peer),
  };
}
