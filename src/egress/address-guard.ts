import { BywayError } from "../core/errors.ts";
import type { HostPort } from "../core/network-address.ts";
import { ipKey, parseIp, sharesPrefix } from "../geo/ip-address.ts";
import { classifyAddress, type ReservedRange } from "../geo/reserved-ranges.ts";
import { normaliseHost } from "../wire/authority.ts";
import type { LocalNetwork } from "./local-addresses.ts";
import { specialName } from "./name-policy.ts";

/** What a connection out of a node is for: a client's target (exit role) or the next hop (relay role). */
export type EgressPurpose = "target" | "hop";

/** What the guard must know of this machine; both are asked at every check, as both change while a node runs. */
export interface AddressGuardComponents {
  /** Addresses, gateways and networks of this machine. */
  readonly local: () => LocalNetwork;
  /** Where this node listens, and the public endpoints that lead there; a wildcard host means every own address. */
  readonly listeners: () => readonly HostPort[];
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
  readonly prefixes: readonly { readonly network: Uint8Array; readonly bits: number }[];
}

// Shorter on-link prefixes are point-to-point or misconfigured interfaces and would close the internet.
const SHORTEST_PREFIX_BITS_V4 = 16;
const SHORTEST_PREFIX_BITS_V6 = 48;

/**
 * Decides whether a node may send to an address: the one function that every way out goes through.
 *
 * Refused are all that is not public unicast, and of the public addresses the machine's own, its gateways', its
 * link's and the node's listeners. Refusals throw ERR_TARGET_PROHIBITED with a message fit for the client.
 */
export class AddressGuard {
  readonly #local: () => LocalNetwork;
  readonly #listeners: () => readonly HostPort[];
  readonly #allowed: ReadonlySet<string>;
  readonly #localNetwork: boolean;
  #own: OwnKeys | undefined;

  constructor(components: AddressGuardComponents, options: AddressGuardOptions = {}) {
    this.#local = components.local;
    this.#listeners = components.listeners;
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
    if (range !== undefined && !(lab && isHome(range))) throw prohibited(ip, name, describe(range), range);
    const bytes = parseIp(ip)?.bytes ?? new Uint8Array();
    const own = this.#ownKeys();
    const key = keyOf(bytes);
    if (this.#isListener(key, port, own, range)) throw prohibited(ip, name, "a listening port of the node itself");
    if (lab) return;
    if (own.addresses.has(key)) throw prohibited(ip, name, "an address of the node itself");
    if (own.gateways.has(key)) throw prohibited(ip, name, "the node's gateway");
    if (own.prefixes.some((prefix) => sharesPrefix(bytes, prefix.network, prefix.bits))) {
      throw prohibited(ip, name, "an address on the node's own link");
    }
  }

  #isListener(key: string, port: number, own: OwnKeys, range: ReservedRange | undefined): boolean {
    return this.#listeners().some((listener) => {
      if (listener.port !== port) return false;
      if (!isWildcard(listener.host)) return ipKey(listener.host) === key;
      return range?.kind === "loopback" || own.addresses.has(key);
    });
  }

  #ownKeys(): OwnKeys {
    const local = this.#local();
    if (this.#own?.of !== local) {
      this.#own = {
        of: local,
        addresses: keySet(local.addresses),
        gateways: keySet(local.gateways),
        prefixes: local.prefixes.flatMap(linkPrefix),
      };
    }
    return this.#own;
  }
}

function isHome(range: ReservedRange): boolean {
  return range.kind === "loopback" || range.kind === "private";
}

function isWildcard(host: string): boolean {
  return classifyAddress(host)?.kind === "unspecified";
}

function describe(range: ReservedRange): string {
  return range.prefix === "" ? `${range.name} (${range.rfc})` : `in ${range.prefix}, ${range.name} (${range.rfc})`;
}

function prohibited(ip: string, name: string | undefined, what: string, range?: ReservedRange): BywayError {
  // The address itself stays out of what a client is told about a name: it would map the exit's own network.
  const subject = name === undefined ? `${ip} is` : `${name} resolves to an address that is`;
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

function linkPrefix(cidr: string): { network: Uint8Array; bits: number }[] {
  const [text = "", length] = cidr.split("/");
  const network = parseIp(text)?.bytes;
  const bits = Number(length);
  if (network === undefined || !Number.isInteger(bits)) return [];
  const shortest = network.length === 4 ? SHORTEST_PREFIX_BITS_V4 : SHORTEST_PREFIX_BITS_V6;
  return bits >= shortest ? [{ network, bits }] : [];
}
