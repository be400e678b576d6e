import { readFileSync } from "node:fs";
import { endianness, networkInterfaces } from "node:os";
import type { Clock } from "../core/clock.ts";
import { systemCode } from "../core/errors.ts";
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

/** Reads the machine's addresses and gateways, at most once a minute. Gateways are known on Linux only. */
export class LocalAddresses {
  readonly #clock: Clock;
  readonly #sources: LocalNetworkSources;
  #current: LocalNetwork | undefined;
  #readAtMs = 0;

  constructor(components: { readonly clock: Clock; readonly sources?: LocalNetworkSources }) {
    this.#clock = components.clock;
    this.#sources = components.sources ?? operatingSystem;
  }

  /** The state as of at most a minute ago; the same object for as long as it was not read again. */
  current(): LocalNetwork {
    const nowMs = this.#clock.monotonicMs();
    if (this.#current === undefined || nowMs - this.#readAtMs >= EGRESS_LIMITS.localAddressesAgeMs.value) {
      this.#current = this.#read();
      this.#readAtMs = nowMs;
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
