import type { ErrorCode } from "../../core/error-table.ts";
import type { BywayError } from "../../core/errors.ts";
import { formatHostPort, type HostPort } from "../../core/network-address.ts";

interface Sight {
  /** What the relays saw, after "relays". */
  readonly saw: string;
  readonly remedy: string;
}

const FORWARD = "forward the port to this machine, and let it through the firewall";
const SILENT: Sight = { saw: "got no answer", remedy: FORWARD };
/** A relay does not say what it found in place of the node. */
const MISSED: Sight = {
  saw: "did not find this node there",
  remedy: `${FORWARD}; see that --advertise names this node's own public address, and no port for mail`,
};
const LOST: Sight = { saw: "lost the connection at once", remedy: "look for a firewall or a proxy in between" };
const OTHER: Sight = {
  saw: "found somebody else there",
  remedy: "name this node's own address and port with --advertise, or forward the port to this machine",
};
/** Also said of an address that needs nobody to be told. */
export const PRIVATE_REMEDY =
  "name a public address, and a port that is not one for mail, with --advertise, and forward it to this machine";
/** Said where the node sees for itself that nobody can connect. */
export const GONE_REMEDY =
  "give the address back to the machine, or restart the node with another one, or with --listen 0.0.0.0 and --advertise";
const PROHIBITED: Sight = { saw: "may not connect to such an address", remedy: PRIVATE_REMEDY };

/** The errors that say what a relay saw of the node it was asked for; all others are of the relay itself. */
const SIGHTS: ReadonlyMap<ErrorCode, Sight> = new Map([
  ["ERR_HOP_TIMEOUT", SILENT],
  ["ERR_HOP_UNREACHABLE", MISSED],
  ["ERR_HOP_LOST", LOST],
  ["ERR_HOP_IDENTITY", OTHER],
  ["ERR_HOP_TLS", OTHER],
  ["ERR_HOP_CLASSICAL", OTHER],
  ["ERR_HOP_PROTOCOL", OTHER],
  ["ERR_TARGET_PROHIBITED", PROHIBITED],
  ["ERR_ADVERTISEMENT_PRIVATE", PROHIBITED],
]);

/** Whether a relay that answered a CONNECT to this node with `code` tried, and failed for what stands behind it. */
export function isOfNextHop(code: ErrorCode): boolean {
  return SIGHTS.has(code);
}

/** A sentence that says what relays saw at `endpoint` when they missed this node, and what to do. */
export function reachReason(endpoint: HostPort, errors: readonly BywayError[]): string {
  const sights = errors.map(({ code }) => SIGHTS.get(code) ?? MISSED);
  const saw = [...new Set(sights.map((sight) => sight.saw))].join(" and ");
  const remedy = [...new Set(sights.map((sight) => sight.remedy))].join("; ");
  return `${errors.length} relays tried ${formatHostPort(endpoint)} and ${saw}: ${remedy}`;
}
