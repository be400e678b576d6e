import type { ErrorCode } from "../core/error-table.ts";
import type { HostPort } from "../core/network-address.ts";
import type { LinkSession } from "../link/link-session.ts";

/** A failed proof of an endpoint that only strangers name, as the operator's log is told of it. */
export interface FailedProof {
  /** The link that asked for it first. */
  readonly link: Pick<LinkSession, "id">;
  readonly endpoint: HostPort;
  readonly durationMs: number;
  /** What was found there in place of the peer. */
  readonly result: ErrorCode;
}

/**
 * Where a relay writes to whom it connected though no node of that key was there. A proof that succeeds is not written: nobody
 * complains of a connection to their node, and the record would tell which hops a link asks for.
 */
export interface ProofLog {
  proofFailed(proof: FailedProof): void;
}
