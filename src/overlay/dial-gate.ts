import type { LookupFunction } from "node:net";
import type { ConnectionGater } from "@libp2p/interface";
import type { Multiaddr } from "@multiformats/multiaddr";
import { classifyAddress } from "../geo/reserved-ranges.ts";
import { DIAL_DENIED } from "./dial-failure.ts";
import { dialPoint } from "./multiaddr-text.ts";

/** What of the gate depends on the network. */
export interface DialGateOptions {
  /** Private and loopback addresses may be dialled. */
  readonly localNetwork: boolean;
  /** Memory addresses may be dialled: simulations. */
  readonly memory: boolean;
}

/** Decides which addresses the overlay may connect to, whoever named them. */
export class DialGate {
  readonly #options: DialGateOptions;
  readonly #names = new Map<string, number>();

  constructor(options: DialGateOptions) {
    this.#options = options;
  }

  /** Whether an IP address may be connected to. Multicast and unspecified ones never may. */
  allowsIp(ip: string): boolean {
    const range = classifyAddress(ip);
    if (range === undefined) return true;
    return this.#options.localNetwork && (range.kind === "private" || range.kind === "loopback");
  }

  /** Whether an address that a stranger told may be remembered or dialled: never a name, which would make us resolve it. */
  allows(address: Multiaddr): boolean {
    const point = dialPoint(address);
    if (point === undefined) return false;
    if (point.kind === "memory") return this.#options.memory;
    return point.kind === "ip" ? this.allowsIp(point.host) : this.#names.has(point.host);
  }

  /** Opens the gate for the name in an address that our own user gave, until the result is disposed. */
  openFor(address: Multiaddr): Disposable {
    const point = dialPoint(address);
    if (point?.kind !== "dns") return { [Symbol.dispose]() {} };
    const { host } = point;
    this.#names.set(host, (this.#names.get(host) ?? 0) + 1);
    return {
      [Symbol.dispose]: () => {
        const left = (this.#names.get(host) ?? 1) - 1;
        if (left === 0) this.#names.delete(host);
        else this.#names.set(host, left);
      },
    };
  }

  /** Resolves a name as `lookup` does, and leaves out the addresses that may not be connected to. */
  guard(lookup: LookupFunction): LookupFunction {
    return (host, options, done) => {
      lookup(host, { ...options, all: true }, (error, found) => {
        if (error !== null) return done(error, "", 0);
        const all = typeof found === "string" ? [] : found.filter(({ address }) => this.allowsIp(address));
        const [first] = all;
        if (first === undefined) return done(denied(host), "", 0);
        if (options.all === true) return done(null, all);
        return done(null, first.address, first.family);
      });
    };
  }

  /** The gate as libp2p asks it. Peers with another kind of key than Ed25519 have no id of ours, and are refused. */
  asGater(): ConnectionGater {
    return {
      denyDialMultiaddr: (address) => !this.allows(address),
      filterMultiaddrForPeer: (_peer, address) => this.allows(address),
      denyInboundEncryptedConnection: ({ type }) => type !== "Ed25519",
      denyOutboundEncryptedConnection: ({ type }) => type !== "Ed25519",
    };
  }
}

function denied(host: string): Error {
  const error = new Error(`${host} has no address that may be dialled`);
  error.name = DIAL_DENIED;
  return error;
}
