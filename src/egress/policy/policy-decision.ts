import type { BywayError } from "../../core/errors.ts";

/** A target as a policy is asked about it. */
export interface PolicyQuestion {
  readonly protocol: "tcp" | "udp";
  /** Lower-case ASCII without trailing dot; absent when the target is an address. */
  readonly name?: string;
  /** The address, or all answers of the look-up, in the one spelling of `normaliseHost`; undefined before the look-up. */
  readonly addresses?: readonly string[];
  readonly port: number;
}

/** What a policy says, and why. */
export interface PolicyDecision {
  /** ERR_POLICY_PORT, ERR_POLICY_TARGET or ERR_POLICY_LISTED; undefined when the target is accepted. */
  readonly refusal: BywayError | undefined;
  /** What decided, in a word that counts and metrics may show: `rule 2`, `no rule`, `list drop`, `allow-targets`. */
  readonly by: string;
  /** The rule's text, or the entry of the list. */
  readonly text: string;
}

/** Which targets an exit serves. */
export interface TargetPolicy {
  /** Undefined when it depends on addresses that the question does not have. */
  decide(question: PolicyQuestion): PolicyDecision | undefined;
  /** Whether BitTorrent may be spoken on ports that are open. */
  readonly opensBitTorrent: boolean;
  /** Whether the host of a target over TCP can change the decision: a list, or a rule about a name, network or family. */
  readonly judgesHosts: boolean;
}
