import type { ErrorCode } from "../../core/error-table.ts";
import type { HostPort } from "../../core/network-address.ts";
import type { LinkSession } from "../../link/link-session.ts";

/** A stream that is to be logged. */
export interface LoggedStream {
  /** The link that asked for it. Its id and its payer go into the log salted. */
  readonly link: Pick<LinkSession, "id" | "payer">;
  readonly protocol: "tcp" | "udp";
  /** Normalised. */
  readonly target: HostPort;
}

/** How a stream ended. */
export interface StreamEnd {
  /** Payload in bytes that went out to the target, and from the target to the client. */
  readonly bytesUp: number;
  readonly bytesDown: number;
  /** `ok`, or why it ended or never began. */
  readonly end: "ok" | ErrorCode;
}

/** One stream in the log. */
export interface StreamEntry {
  /** The target is connected at `address`, from the port `fromPort` of this machine if that is known. Called at most once. */
  opened(address: string, fromPort?: number): void;
  /** The stream is over. Called at most once. A stream that never left this machine (a refusal of kind `policy`) is not logged. */
  ended(end: StreamEnd): void;
}

/** Where an exit writes what it forwarded. */
export interface StreamLog {
  /** A stream is asked for. Throws ERR_NODE_LOG if the log is required and cannot be written. */
  begin(stream: LoggedStream): StreamEntry;
}

/** A relay connected to an endpoint that a peer signed, and did not find that peer there. */
export interface LoggedProof {
  /** The link that asked for it. Its id goes into the log salted. */
  readonly link: Pick<LinkSession, "id">;
  /** An IP address. */
  readonly endpoint: HostPort;
  readonly durationMs: number;
  readonly result: ErrorCode;
}

/** The log as its operator sees it. Plain JSON. */
export interface LogStatus {
  readonly state: "off" | "writing" | "failing";
  /** Why nothing can be written, while it fails. */
  readonly reason?: string;
  /** Written since the start. */
  readonly records: number;
  /** The size of all that is kept. */
  readonly bytes: number;
  /** Files that are too old by a clock that jumped. They are kept until the clock was steady for a day of running time. */
  readonly held?: { readonly files: number; readonly aheadMs: number };
  /** Records lost while the log could not be written (`best-effort` only). */
  readonly lost: number;
}

/** Writes nothing. */
export const NO_LOG: StreamLog = {
  begin: () => ({ opened: () => {}, ended: () => {} }),
};
