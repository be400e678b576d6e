import { BywayError } from "../core/errors.ts";
import { ipKey, parseIp, sharesPrefix } from "../core/ip-address.ts";
import type { HostPort } from "../core/network-address.ts";
import { isWellKnownNat64 } from "../geo/nat64.ts";
import { classifyAddress, type ReservedRange } from "../geo/reserved-ranges.ts";
import { normaliseHost } from "../wire/authority.ts";
import { homePrefix, linkPrefix, type OwnPrefix } from "./home-prefixes.ts";
import type { LocalNetwork } from "./local-addresses.ts";
import { specialName } from "./name-policy.ts";
import { wellKnownInside } from "./nat64-watch.ts";
import { OwnHostsCache } from "./own-hosts.ts";

/** What a connection out of a node is for: a client's target (exit role) or the next hop (relay role). */
export type EgressPurpose = "target" | "hop";

/** What the guard must know of this machine; all is asked at every check, as all changes while a node runs. */
export interface AddressGuardComponents {
  /** Addresses, gateways and networks of this machine. */
  readonly local: () => LocalNetwork;
  /**
   * Where this node listens, and the public endpoints that lead there; a wildcard host means every own address. The whole
   * host is the node's own: behind a router it is the router that answers at the other ports.
   */
  readonly listeners: () => readonly HostPort[];
  /** Other public addresses that lead here, as others saw the node. Default none. */
  readonly seen?: () => readonly string[];
  /** The IPv4 addresses that an IPv6 address may stand for in this network. Default: in the well-known prefix alone. */
  readonly inside?: (ip: string) => readonly string[];
  /** More that it could stand for while the network's prefixes are unknown; only the node's own are refused. Default none. */
  readonly perhapsInside?: (ip: string) => readonly string[];
}

/** What the operator decided. */
export interface AddressGuardOptions {
  /** Private targets opened by the operator: an IP address or a name, each with its port. Default none. */
  readonly allowTargets?: readonly HostPort[];
  /** This is a lab on one machine or LAN: hops (never targets) may be on loopback and private addresses. Default false. */
  readonly localNetwork?: boolean;
}

interface OwnKeys {
  readonly of: LocalNetwork;
  readonly addresses: ReadonlySet<string>;
  readonly gateways: ReadonlySet<string>;
  readonly links: readonly OwnPrefix[];
  readonly homes: readonly OwnPrefix[];
}

const NOWHERE: readonly string[] = [];

/**
 * Decides whether a node may send to an address: the one function that every way out goes through.
 *
 * Refused are all that is not public unicast, and of the public addresses the machine's own, those that lead to it, its
 * gateways', its link's and its home's. IPv6 that stands for IPv4 is judged by both. Refusals throw ERR_TARGET_PROHIBITED with a message fit for the client.
 */
export class AddressGuard {
  readonly #local: () => LocalNetwork;
  readonly #listeners: () => readonly HostPort[];
  readonly #seen: () => readonly string[];
  readonly #hosts = new OwnHostsCache();
  readonly #inside: (ip: string) => readonly string[];
  readonly #perhapsInside: (ip: string) => readonly string[];
  readonly #allowed: ReadonlySet<string>;
  readonly #localNetwork: boolean;
  #own: OwnKeys | undefined;

  constructor(components: AddressGuardComponents, options: AddressGuardOptions = {}) {
    this.#local = components.local;
    this.#listeners = components.listeners;
    this.#seen = components.seen ?? (() => NOWHERE);
    this.#inside = components.inside ?? wellKnownInside;
    this.#perhapsInside = components.perhapsInside ?? (() => NOWHERE);
    this.#localNetwork = options.localNetwork ?? false;
    this.#allowed = new Set(
      (options.allowTargets ?? []).map((target) => allowKey(normaliseHost(target.host), target.port)),
    );
  }

  /** Whether the operator opened exactly this host (an IP address or a normalised name) on this port. */
  opens(host: string, port: number): boolean {
    return this.#allowed.has(allowKey(host, port));
  }

  /** Throws ERR_TARGET_PROHIBITED when the normalised `name` must not even be looked up. */
  checkName(name: string, port: number): void {
    if (this.opens(name, port)) return;
    const special = specialName(name);
    if (special === undefined) return;
    const under = special.suffix === "" ? "" : `.${special.suffix}: `;
    throw new BywayError("ERR_TARGET_PROHIBITED", `${name} is no public name (${under}${special.reason})`, {
      data: { by: "guard" },
    });
  }

  /** The IPv4 addresses that `ip` may stand for: it is to be judged as these are, too. */
  inside(ip: string): readonly string[] {
    return this.#inside(ip);
  }

  /**
   * Throws ERR_TARGET_PROHIBITED unless `ip` on `port` may be reached for `purpose`.
   * `name` is the normalised name that resolved to `ip`, if one did.
   */
  check(ip: string, port: number, purpose: EgressPurpose, name?: string): void {
    const range = classifyAddress(ip);
    if (purpose === "target") {
      if (this.opens(ip, port)) return;
      if (name !== undefined && this.opens(name, port) && (range === undefined || isHome(range))) return;
    }
    const lab = purpose === "hop" && this.#localNetwork;
    // No translator is part of a lab, whose own addresses may look as if one were.
    const inside = lab ? [] : this.#inside(ip);
    const subject = name === undefined ? `${ip} is` : `${name} resolves to an address that is`;
    // The one reserved range that is judged by the IPv4 address inside alone.
    const isPassed = (lab && range !== undefined && isHome(range)) || (inside.length > 0 && isWellKnownNat64(ip));
    if (range !== undefined && !isPassed) throw prohibited(subject, describe(range), range);
    this.#checkOwn(ip, port, subject, lab);
    for (const inner of inside) {
      const innerRange = classifyAddress(inner);
      const innerSubject = name === undefined ? `${ip} contains an IPv4 address that is` : subject;
      if (innerRange !== undefined) throw prohibited(innerSubject, describe(innerRange), innerRange);
      this.#checkOwn(inner, port, innerSubject, lab);
    }
    if (lab) return;
    const innerSubject = name === undefined ? `${ip} could contain` : subject;
    for (const inner of this.#perhapsInside(ip)) this.#checkOwn(inner, port, innerSubject, lab);
  }

  #checkOwn(ip: string, port: number, subject: string, lab: boolean): void {
    const bytes = parseIp(ip)?.bytes ?? new Uint8Array();
    const own = this.#ownKeys();
    const key = keyOf(bytes);
    const hosts = this.#hosts.of(this.#listeners(), this.#seen());
    const isOwn = own.addresses.has(key);
    const isListener =
      hosts.places.has(`${key}|${port}`) ||
      (hosts.everywhere.has(port) && (isOwn || classifyAddress(ip)?.kind === "loopback"));
    if (isListener) throw prohibited(subject, "a listening port of the node itself");
    if (lab) return;
    if (isOwn) throw prohibited(subject, "an address of the node itself");
    if (own.gateways.has(key)) throw prohibited(subject, "the node's gateway");
    const isIn = ({ network, bits }: OwnPrefix): boolean => sharesPrefix(bytes, network, bits);
    if (own.links.some(isIn)) throw prohibited(subject, "an address on the node's own link");
    if (hosts.keys.has(key)) throw prohibited(subject, "an address at which others reach the node itself");
    if (own.homes.some(isIn) || hosts.homes.some(isIn)) {
      throw prohibited(subject, "an address of the node's own home");
    }
  }

  #ownKeys(): OwnKeys {
    const local = this.#local();
    if (this.#own?.of !== local) {
      this.#own = {
        of: local,
        addresses: keySet(local.addresses),
        gateways: keySet(local.gateways),
        links: local.prefixes.flatMap(linkPrefix),
        homes: local.addresses.flatMap(homePrefix),
      };
    }
    return this.#own;
  }
}

function isHome(range: ReservedRange): boolean {
  return range.kind === "loopback" || range.kind === "private";
}

function describe(range: ReservedRange): string {
  return range.prefix === "" ? `${range.name} (${range.rfc})` : `in ${range.prefix}, ${range.name} (${range.rfc})`;
}

/** The address itself stays out of what a client is told about a name: it would map the exit's own network. */
function prohibited(subject: string, what: string, range?: ReservedRange): BywayError {
  return new BywayError("ERR_TARGET_PROHIBITED", `${subject} ${what}`, {
    data: { by: "guard", ...(range === undefined ? {} : { range: range.prefix }) },
  });
}

function allowKey(host: string, port: number): string {
  return `${ipKey(host) ?? host}|${port}`;
}

function keyOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

function keySet(addresses: readonly string[]): ReadonlySet<string> {
  return new Set(addresses.flatMap((address) => ipKey(address) ?? []));
}
