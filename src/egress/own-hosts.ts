import { ipKey } from "../core/ip-address.ts";
import type { HostPort } from "../core/network-address.ts";
import { classifyAddress } from "../geo/reserved-ranges.ts";
import { homePrefix, type OwnPrefix } from "./home-prefixes.ts";

/** Where others reach the node, laid out for many questions. */
export interface OwnHosts {
  /** Keys of the addresses, as `ipKey` makes them. */
  readonly keys: ReadonlySet<string>;
  readonly homes: readonly OwnPrefix[];
  /** `<key>|<port>` of each place where it listens. */
  readonly places: ReadonlySet<string>;
  /** Ports at which it listens on every own address. */
  readonly everywhere: ReadonlySet<number>;
}

/** Lays out `listeners` and `seen`, and again when they are others: the list of listeners grows while a node starts. */
export class OwnHostsCache {
  #listeners: readonly HostPort[] | undefined;
  #length = 0;
  #seen: readonly string[] | undefined;
  #hosts: OwnHosts = { keys: new Set(), homes: [], places: new Set(), everywhere: new Set() };

  /** The layout of these; lists that are the same objects and as long as before are taken to hold the same. */
  of(listeners: readonly HostPort[], seen: readonly string[]): OwnHosts {
    if (listeners === this.#listeners && listeners.length === this.#length && seen === this.#seen) return this.#hosts;
    this.#listeners = listeners;
    this.#length = listeners.length;
    this.#seen = seen;
    const isWildcard = ({ host }: HostPort): boolean => classifyAddress(host)?.kind === "unspecified";
    const named = listeners.filter((listener) => !isWildcard(listener));
    const hosts = [...named.map(({ host }) => host), ...seen];
    this.#hosts = {
      keys: new Set(hosts.flatMap((host) => ipKey(host) ?? [])),
      homes: hosts.flatMap(homePrefix),
      places: new Set(named.map(({ host, port }) => `${ipKey(host)}|${port}`)),
      everywhere: new Set(listeners.filter(isWildcard).map(({ port }) => port)),
    };
    return this.#hosts;
  }
}
