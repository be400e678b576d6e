import { BywayError, systemCode } from "../core/errors.ts";

/** The name of an error that says that the gate was shut: libp2p's own, and of ours that `DialGate` gives for names. */
export const DIAL_DENIED = "DialDeniedError";

/** ERR_PEER_UNREACHABLE for a dial of `what` that failed with an error of libp2p, and why, as far as somebody can act on it. */
export function dialFailure(what: string, cause: unknown): BywayError {
  return new BywayError("ERR_PEER_UNREACHABLE", `${what} ${reasonOf(cause)}`, { cause });
}

function reasonOf(cause: unknown): string {
  const { name } = cause as { readonly name?: unknown };
  if (name === DIAL_DENIED) return "is no public address, and is dialled with --local-network only";
  if (name === "EncryptionFailedError") return "is somebody else, or does not speak libp2p";
  if (name === "UnsupportedProtocolError") return "is a peer of another network: the names of the two differ";
  const code = systemCode(cause);
  return code === "" ? "cannot be reached" : `cannot be reached (${code})`;
}
