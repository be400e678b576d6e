import { BywayError } from "../core/errors.ts";
import { parseIp } from "../core/ip-address.ts";
import type { HostPort } from "../core/network-address.ts";
import { specialName } from "../egress/name-policy.ts";
import { classifyAddress } from "../geo/reserved-ranges.ts";
import { type PeerId, shortPeerId } from "../identity/peer-id.ts";
import { normaliseHost } from "../wire/authority.ts";

/** The exit that refused a request. */
export interface RefusingExit {
  readonly peerId: PeerId;
  /** Whether it advertises that it accepts the target's port. */
  readonly isAccepted: boolean;
}

/**
 * Holds what an exit says against what this client knows, so that its word alone does not end a request that another exit
 * would serve.
 *
 * - It refuses a port that it advertises: that is its fault, ERR_HOP_PROTOCOL.
 * - It calls a target prohibited that is a public one to this client, or names a protocol before it saw a byte: another
 *   exit may be asked (retry `other-node`).
 */
export function judgeRefusal(
  error: BywayError,
  { target, sendsBytes }: { readonly target: HostPort; readonly sendsBytes: boolean },
  { peerId, isAccepted }: RefusingExit,
): BywayError {
  if (error.code === "ERR_POLICY_PORT" && isAccepted) {
    const message = `the exit ${shortPeerId(peerId)} refuses a port that it advertises`;
    return new BywayError("ERR_HOP_PROTOCOL", message, { data: { peerId }, cause: error });
  }
  const isUnfounded =
    (error.code === "ERR_TARGET_PROHIBITED" && isPublic(target.host)) ||
    (error.code === "ERR_POLICY_PROTOCOL" && !sendsBytes);
  if (!isUnfounded) return error;
  return new BywayError(error.code, error.message, { data: error.data, retry: "other-node", cause: error });
}

/** Whether `host` is a public address, or a name that the public DNS answers for. */
function isPublic(host: string): boolean {
  try {
    const plain = normaliseHost(host);
    return parseIp(plain) === undefined ? specialName(plain) === undefined : classifyAddress(plain) === undefined;
  } catch {
    return false;
  }
}
