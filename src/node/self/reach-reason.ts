import type { ErrorCode } from "../../core/error-table.ts";
import type { BywayError } from "../../core/errors.ts";
import { formatHostPort, type HostPort } from "../../core/network-address.ts";

/** Where a node's endpoint is, as the node itself can tell: what to do depends on it. */
export type EndpointPlace =
  /** A loopback address. */
  | "loopback"
  /** An address that only one network has. */
  | "private"
  /** A public address that an interface of this machine has. */
  | "own"
  /** A public address of something else, such as a router. */
  | "elsewhere";

interface Sight {
  /** What the relays saw, after "relays". */
  readonly saw: string;
  readonly remedy: string;
  /** Set if the port may lead somewhere else; the remedy then depends on where the endpoint is. */
  readonly isAstray?: true;
}

/** What leads others to the node's port. A port is forwarded only by a router that has the address. */
const LEADS: Readonly<Record<EndpointPlace, string>> = {
  loopback: "only this machine has that address, so no port needs forwarding; see that the node listens there",
  private:
    "no port needs forwarding at a private address; let the port through the firewall, and see that the node listens there",
  own: "this machine has that address, so no port needs forwarding; let the port through the firewall, and see that the node listens there",
  elsewhere: "forward the port to this machine, and let it through the firewall",
};
const SILENT: Sight = { saw: "got no answer", remedy: "", isAstray: true };
/** A relay does not say what it found in place of the node. */
const MISSED: Sight = {
  saw: "did not find this node there",
  remedy: "see that --advertise names this node's own address, and no port for mail",
  isAstray: true,
};
const LOST: Sight = { saw: "lost the connection at once", remedy: "look for a firewall or a proxy in between" };
const OTHER: Sight = {
  saw: "found somebody else there",
  remedy: "see that --advertise names this node's own address and port",
  isAstray: true,
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

/** A sentence that says what relays saw at `endpoint`, which is at `place`, when they missed this node, and what to do. */
export function reachReason(endpoint: HostPort, errors: readonly BywayError[], place: EndpointPlace): string {
  const sights = errors.map(({ code }) => SIGHTS.get(code) ?? MISSED);
  const saw = [...new Set(sights.map((sight) => sight.saw))].join(" and ");
  const leads = sights.some(({ isAstray }) => isAstray === true) ? [LEADS[place]] : [];
  const remedies = [...leads, ...sights.map(({ remedy }) => remedy)].filter((remedy) => remedy !== "");
  return `${errors.length} relays tried ${formatHostPort(endpoint)} and ${saw}: ${[...new Set(remedies)].join("; ")}`;
}

/** Why a relay on the node's own machine does not find the node. */
const NOT_FROM_HERE = {
  own: "a relay connects to no address of its own machine",
  elsewhere: "many routers lead nobody back in",
} as const;

/** Said if all relays that missed the node are on its own machine, from where nobody can tell what others find. */
export function onlyFromHereReason(endpoint: HostPort, relays: number, place: keyof typeof NOT_FROM_HERE): string {
  const who = relays === 1 ? "the relay that tried" : `all ${relays} relays that tried`;
  const where = `${relays === 1 ? "is" : "are"} on this machine, and ${NOT_FROM_HERE[place]}`;
  return `${who} ${formatHostPort(endpoint)} ${where}: whether others find this node is not known until a relay on another machine tries`;
}
