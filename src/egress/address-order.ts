import { isIPv4, isIPv6 } from "node:net";
import { BywayError } from "../core/errors.ts";
import { isWellKnownNat64 } from "../geo/nat64.ts";

/** The local address to send from, for each family; an absent family cannot be sent from. */
export interface EgressBinding {
  /** The local IPv4 address; "" lets the system choose. */
  readonly v4?: string | undefined;
  /** The local IPv6 address; "" lets the system choose. */
  readonly v6?: string | undefined;
}

/** One address to try and the local address to try it from; an absent one lets the system choose. */
export interface Attempt {
  readonly address: string;
  readonly family: 4 | 6;
  readonly localAddress?: string;
}

/**
 * The binding that `bindEgress` asks for: one address of each family at the most; none given leaves both open.
 * Throws ERR_CONFIG_VALUE when an entry is no IP address or the second of its family.
 */
export function egressBinding(bindEgress: readonly string[] = []): EgressBinding {
  if (bindEgress.length === 0) return { v4: "", v6: "" };
  const wrong = bindEgress.find((address) => !isIPv4(address) && !isIPv6(address));
  if (wrong !== undefined) {
    throw new BywayError("ERR_CONFIG_VALUE", `${wrong} is no IP address to send from`);
  }
  const [v4, secondV4] = bindEgress.filter((address) => isIPv4(address));
  const [v6, secondV6] = bindEgress.filter((address) => isIPv6(address));
  const second = secondV4 ?? secondV6;
  if (second !== undefined) {
    throw new BywayError(
      "ERR_CONFIG_VALUE",
      `${second} is a second address of its family to send from; give one of each`,
    );
  }
  return { v4, v6 };
}

/**
 * The order to try `addresses` in: families in turn, IPv6 first (RFC 8305 §4, First Address Family Count 1), without
 * those that the binding cannot send to, at most `max`. IPv6 that stands for IPv4 comes after IPv4: a resolver far away may
 * have made it, and then nobody here translates it.
 */
export function attemptOrder(addresses: readonly string[], binding: EgressBinding, max: number): readonly Attempt[] {
  const v6 = addresses.filter((address) => isIPv6(address)).flatMap((address) => attempt(address, 6, binding.v6));
  const v4 = addresses.filter((address) => isIPv4(address)).flatMap((address) => attempt(address, 4, binding.v4));
  const native = v6.filter(({ address }) => !isWellKnownNat64(address));
  const made = v6.filter(({ address }) => isWellKnownNat64(address));
  const order: Attempt[] = [];
  for (let i = 0; i < Math.max(native.length, v4.length, made.length); i++) {
    for (const group of [native, v4, made]) order.push(...group.slice(i, i + 1));
  }
  return order.slice(0, max);
}

function attempt(address: string, family: 4 | 6, local: string | undefined): Attempt[] {
  if (local === undefined) return [];
  return [local === "" ? { address, family } : { address, family, localAddress: local }];
}
