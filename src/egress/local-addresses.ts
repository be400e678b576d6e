import { readFileSync } from "node:fs";
import { endianness, networkInterfaces } from "node:os";
import type { Clock } from "../core/clock.ts";
import { systemCode } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import { EGRESS_LIMITS } from "./limits.ts";

/** What this machine's own corner of the network is: what an exit must keep closed though it may be public. */
export interface LocalNetwork {
  /** Addresses of the interfaces. */
  readonly addresses: readonly string[];
  /** Next hops of all routes, the default gateway among them. */
  readonly gateways: readonly string[];
  /** Networks that the interfaces are on, as CIDR text: with IPv6 the home's other devices have public addresses. */
  readonly prefixes: readonly string[];
}

/** Where the facts come from; the default is the operating system. */
export interface LocalNetworkSources {
  readonly interfaces: () => readonly { readonly address: string; readonly cidr: string | null }[];
  /** The text of a file, or "" when this system has no such file. */
  readonly readText: (path: string) => string;
}

const RTF_GATEWAY = 0x2;

const operatingSystem: LocalNetworkSources = {
  interfaces: () => Object.values(networkInterfaces()).flatMap((entries) => entries ?? []),
  readText(path) {
    try {
      return readFileSync(path, "utf8");
    } catch (error) {
      if (["ENOENT", "EACCES", "EPERM"].includes(systemCode(error))) return "";
      throw error;
    }
  },
};

/**
 * Reads the machine's addresses and gateways, at most once a minute. Gateways are known on Linux only.
 *
 * Reading takes a file descriptor. When none is left, or reading fails otherwise, the last state counts, the operator is told
 * once, and it is read again after `localAddressesRetryMs`.
 */
export class LocalAddresses {
  readonly #clock: Clock;
  readonly #logger: Pick<Logger, "warn">;
  readonly #sources: LocalNetworkSources;
  #current: LocalNetwork;
  #readAgainMs: number;
  #hasFailed = false;

  /** Throws when nothing can be read at the start: there is no last state then, and a guard without one would be open. */
  constructor(components: {
    readonly clock: Clock;
    readonly logger: Pick<Logger, "warn">;
    readonly sources?: LocalNetworkSources;
  }) {
    this.#clock = components.clock;
    this.#logger = components.logger;
    this.#sources = components.sources ?? operatingSystem;
    this.#current = this.#read();
    this.#readAgainMs = this.#clock.monotonicMs() + EGRESS_LIMITS.localAddressesAgeMs.value;
  }

  /** The state as of at most a minute ago, if it could be read; the same object for as long as it was not read again. */
  current(): LocalNetwork {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs < this.#readAgainMs) return this.#current;
    try {
      this.#current = this.#read();
      this.#readAgainMs = nowMs + EGRESS_LIMITS.localAddressesAgeMs.value;
      this.#hasFailed = false;
    } catch (error) {
      this.#readAgainMs = nowMs + EGRESS_LIMITS.localAddressesRetryMs.value;
      if (!this.#hasFailed)
        this.#logger.warn("the addresses of this machine could not be read; those of before stay closed to requests", {
          code: systemCode(error),
        });
      this.#hasFailed = true;
    }
    return this.#current;
  }

  #read(): LocalNetwork {
    const interfaces = this.#sources.interfaces();
    return {
      addresses: interfaces.map((entry) => entry.address),
      prefixes: interfaces.flatMap((entry) => (entry.cidr === null ? [] : [entry.cidr])),
      gateways: [
        ...gatewaysV4(this.#sources.readText("/proc/net/route")),
        ...gatewaysV6(this.#sources.readText("/proc/net/ipv6_route")),
      ],
    };
  }
}

// Columns: Iface Destination Gateway Flags …; addresses are the bytes of the host's own order, in hexadecimal.
function gatewaysV4(text: string): string[] {
  return rows(text).flatMap(([, , gateway = "", flags = ""]) => {
    if (!/^[0-9a-f]{8}$/i.test(gateway) || (Number.parseInt(flags, 16) & RTF_GATEWAY) === 0) return [];
    const bytes = [...Buffer.from(gateway, "hex")];
    return [(endianness() === "LE" ? bytes.reverse() : bytes).join(".")];
  });
}

// Columns: destination, its length, source, its length, next hop, metric, references, use, flags, device.
function gatewaysV6(text: string): string[] {
  return rows(text).flatMap(([, , , , nextHop = "", , , , flags = ""]) => {
    if (!/^[0-9a-f]{32}$/i.test(nextHop) || (Number.parseInt(flags, 16) & RTF_GATEWAY) === 0) return [];
    return [nextHop.replace(/.{4}(?!$)/g, "$&:")];
  });
}

function rows(text: string): string[][] {
  return text.split("\n").map((line) => line.trim().split(/\s+/));
}
