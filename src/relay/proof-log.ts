import type { ErrorCode } from "../core/error-table.ts";
import type { HostPort } from "../core/network-address.ts";
import type { LinkSession } from "../link/link-session.ts";

/** A failed proof of an endpoint that only strangers name. */
export interface FailedProof {
  /** The link that asked for it first. */
  readonly link: Pick<LinkSession, "id">;
  readonly endpoint: HostPort;
  readonly durationMs: number;
  /** What was found there in place of the peer. */
  readonly result: ErrorCode;
}

/**
 * Takes the endpoints that a relay connected to and did not find the named peer at. A successful proof is not logged: nobody
 * complains about a connection to their node, and the record would show which hops a link asks for.
 */
export interface ProofLog {
  proofFailed(proof: FailedProof): void;
}
