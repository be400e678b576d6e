import type { ErrorCode } from "../core/error-table.ts";
import type { HostPort } from "../core/network-address.ts";

/** A proof of an endpoint that only strangers name, as the operator's log is told of it. */
export interface LoggedProof {
  /** The link that asked for it first. */
  readonly linkId: number;
  readonly endpoint: HostPort;
  readonly durationMs: number;
  /** `ok`, or what was found there in place of the peer. */
  readonly result: "ok" | ErrorCode;
}

/** Where a relay writes whom it connected to because strangers said so. */
export interface ProofLog {
  proof(proof: LoggedProof): void;
}
