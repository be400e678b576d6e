import type { ErrorCode } from "../core/error-table.ts";

/**
 * What a stream was asked to reach: a next hop (a relay answers), a target (an exit answers) or the node itself. It decides
 * who is named as the speaker, and how a token that fits several is read.
 */
export type Toward = "hop" | "target" | "node";

/** Of the node itself: its role, its room, whether it serves now, and its price. */
const OF_ITSELF: readonly ErrorCode[] = [
  "ERR_HOP_ROLE",
  "ERR_HOP_LIMIT",
  "ERR_NODE_LIMIT",
  "ERR_NODE_CLOSED",
  "ERR_NODE_LOG",
  "ERR_STREAM_LIMIT",
  "ERR_PAYMENT_REQUIRED",
];

/** Of a target, by the exit that was asked to connect to it. */
const OF_A_TARGET: readonly ErrorCode[] = [
  "ERR_TARGET_NAME",
  "ERR_TARGET_NAME_TIMEOUT",
  "ERR_TARGET_REFUSED",
  "ERR_TARGET_TIMEOUT",
  "ERR_TARGET_UNREACHABLE",
  "ERR_TARGET_NETWORK",
  "ERR_TARGET_RESET",
  "ERR_TARGET_PROHIBITED",
  "ERR_POLICY_PORT",
  "ERR_POLICY_TARGET",
  "ERR_POLICY_LISTED",
  "ERR_POLICY_PROTOCOL",
];

/** Of the next hop, by the relay that was asked to carry on to it, and of the advertisement that it was shown. */
const OF_A_NEXT_HOP: readonly ErrorCode[] = [
  "ERR_HOP_UNREACHABLE",
  "ERR_HOP_TIMEOUT",
  "ERR_HOP_UNKNOWN",
  "ERR_ADVERTISEMENT_MALFORMED",
  "ERR_ADVERTISEMENT_SIGNATURE",
  "ERR_ADVERTISEMENT_EXPIRED",
  "ERR_ADVERTISEMENT_FUTURE",
  "ERR_ADVERTISEMENT_PRIVATE",
];

/**
 * The codes that a hop may say, by what it was asked to reach (docs/protocol.md §2.4). A hop may say only what it can know:
 * all other codes are findings of this client about its sessions, its peers, its own handshakes and its users.
 */
export const SAYABLE: Readonly<Record<Toward, ReadonlySet<ErrorCode>>> = {
  hop: new Set([...OF_ITSELF, ...OF_A_NEXT_HOP]),
  target: new Set([...OF_ITSELF, ...OF_A_TARGET]),
  node: new Set(OF_ITSELF),
};
