import { isIPv4 } from "node:net";
import type { ErrorCode } from "../core/error-table.ts";
import { BywayError, systemCall, systemCode } from "../core/errors.ts";

interface Meaning {
  readonly code: ErrorCode;
  readonly what: string;
}

const REFUSED: Meaning = { code: "ERR_TARGET_REFUSED", what: "refused the connection" };
const RESET: Meaning = { code: "ERR_TARGET_RESET", what: "reset the connection" };
const TIMEOUT: Meaning = { code: "ERR_TARGET_TIMEOUT", what: "did not answer in time" };
const UNREACHABLE: Meaning = { code: "ERR_TARGET_UNREACHABLE", what: "cannot be reached" };
const NETWORK: Meaning = { code: "ERR_TARGET_NETWORK", what: "is in a network that the exit has no way to" };
const EXHAUSTED: Meaning = { code: "ERR_STREAM_LIMIT", what: "was not tried: the exit is out of ports or files" };

const MEANINGS: ReadonlyMap<string, Meaning> = new Map([
  ["ECONNREFUSED", REFUSED],
  ["ECONNRESET", RESET],
  ["ECONNABORTED", RESET],
  ["EPIPE", RESET],
  ["ETIMEDOUT", TIMEOUT],
  ["EHOSTUNREACH", UNREACHABLE],
  ["EHOSTDOWN", UNREACHABLE],
  ["ENETUNREACH", NETWORK],
  ["ENETDOWN", NETWORK],
  ["EADDRNOTAVAIL", NETWORK],
  ["EAFNOSUPPORT", NETWORK],
  // What Linux answers when the bound source address cannot be used to reach the destination.
  ["EINVAL", NETWORK],
  ["EADDRINUSE", EXHAUSTED],
  ["EMFILE", EXHAUSTED],
  ["ENFILE", EXHAUSTED],
  ["ENOBUFS", EXHAUSTED],
  ["ENOMEM", EXHAUSTED],
]);

/** A socket's system error as what it means for a client; `what` names the far side. Unknown codes are ERR_TARGET_UNREACHABLE. */
export function socketError(error: unknown, what: string): BywayError {
  if (error instanceof BywayError) return error;
  const system = systemCode(error);
  const meaning = isOutOfPorts(error) ? EXHAUSTED : (MEANINGS.get(system) ?? UNREACHABLE);
  return new BywayError(meaning.code, `${what} ${meaning.what}`, {
    cause: error,
    data: system === "" ? {} : { system },
  });
}

/**
 * Whether `connect` found no port to leave from. With IPv6, Linux says the same where it has no address to leave from; `bind`
 * says it of an address that is not this machine's.
 */
function isOutOfPorts(error: unknown): boolean {
  if (systemCode(error) !== "EADDRNOTAVAIL" || systemCall(error) !== "connect") return false;
  const { address } = error as { readonly address?: unknown };
  return typeof address === "string" && isIPv4(address);
}
