import { isIP } from "node:net";
import type { ErrorCode } from "../core/error-table.ts";
import { BywayError, toBywayError } from "../core/errors.ts";
import { formatHostPort, type HostPort } from "../core/network-address.ts";
import { normaliseHost } from "../wire/authority.ts";
import type { AddressGuard } from "./address-guard.ts";
import type { PolicyDecision, TargetPolicy } from "./policy/policy-decision.ts";
import type { Resolver } from "./resolver.ts";

/** What a target is judged by. */
export interface TargetCheckComponents {
  readonly guard: AddressGuard;
  readonly policy: TargetPolicy;
  /** Absent where nothing is to be looked up. */
  readonly resolver?: Resolver;
  /** If the policy accepts a name at any address, a failed look-up is told in `unresolved` and not thrown. Default false. */
  readonly toleratesLookup?: boolean;
}

/** A target as it was judged. */
export interface JudgedTarget {
  readonly host: string;
  readonly port: number;
  /** Empty where the decision did not need them. */
  readonly addresses: readonly string[];
  /** Undefined where it depends on addresses, and there is no resolver. */
  readonly decision: PolicyDecision | undefined;
  /** Why the name has no addresses here: ERR_TARGET_NAME, ERR_TARGET_NAME_TIMEOUT. Its addresses were not judged. */
  readonly unresolved?: BywayError;
}

const LOOKUP_FAILED: ReadonlySet<ErrorCode> = new Set(["ERR_TARGET_NAME", "ERR_TARGET_NAME_TIMEOUT"]);

/**
 * Whether a target may be reached, and by what that is decided:
 *
 *     normalise ─► named in allow-targets? ─► policy ─► name guard ─► look up once ─► address guard ─► policy, with addresses
 *
 * Each address is judged, and one that is refused refuses all: mixed answers are how DNS rebinding slips an inner address in.
 * One that a translating resolver (DNS64) made of another answer says nothing of its own: if refused, it is only left out.
 */
export class TargetCheck {
  readonly #components: TargetCheckComponents;

  constructor(components: TargetCheckComponents) {
    this.#components = components;
  }

  /** Throws ERR_REQUEST_TARGET, what looking up throws, and ERR_TARGET_NAME; refusals are in the answer. */
  async judge(target: HostPort, protocol: "tcp" | "udp", signal: AbortSignal): Promise<JudgedTarget> {
    const { guard, policy, resolver, toleratesLookup } = this.#components;
    const { host, port } = normalised(target);
    const isAddress = isIP(host) !== 0;
    const question = { protocol, port, ...(isAddress ? {} : { name: host }) };
    const judged = (decision: PolicyDecision | undefined, addresses: readonly string[] = []): JudgedTarget => ({
      host,
      port,
      addresses,
      decision,
    });
    // What the operator opened by name goes before the policy, which has no word for private targets.
    const opened: PolicyDecision | undefined = guard.opens(host, port)
      ? { refusal: undefined, by: "allow-targets", text: formatHostPort({ host, port }) }
      : undefined;
    const early = opened ?? policy.decide(question);
    if (early?.refusal !== undefined) return judged(early);
    const special = isAddress ? undefined : guarded(() => guard.checkName(host, port));
    if (special !== undefined) return judged(special);
    if (!isAddress && resolver === undefined) return judged(early);
    let addresses: readonly string[] = [host];
    if (!isAddress && resolver !== undefined) {
      try {
        addresses = await resolver.resolve(host, signal);
        if (addresses.length === 0) throw new BywayError("ERR_TARGET_NAME", `${host} has no address`);
      } catch (cause) {
        const unresolved = toBywayError(cause);
        if (toleratesLookup !== true || early === undefined || !LOOKUP_FAILED.has(unresolved.code)) throw cause;
        return { ...judged(early), unresolved };
      }
    }
    const name = isAddress ? undefined : host;
    const look = (address: string): PolicyDecision | undefined =>
      guarded(() => guard.check(address, port, "target", name)) ??
      opened ??
      policy.decide({ ...question, addresses: [normaliseHost(address)] });
    const isMade = madeOfOthers(guard, addresses);
    const own = addresses.filter((address) => !isMade(address));
    for (const address of own) {
      const prohibited = guarded(() => guard.check(address, port, "target", name));
      if (prohibited !== undefined) return judged(prohibited, addresses);
    }
    const decision = opened ?? policy.decide({ ...question, addresses: own.map(normaliseHost) });
    const made = addresses.filter((address) => isMade(address) && look(address)?.refusal === undefined);
    return judged(decision, [...own, ...made]);
  }
}

/** Which of the answers stand for another of them, as DNS64 makes them beside the true one (RFC 6147). */
function madeOfOthers(guard: AddressGuard, addresses: readonly string[]): (address: string) => boolean {
  const answers = new Set(addresses);
  const made = new Set(addresses.filter((address) => guard.inside(address).some((ip) => answers.has(ip))));
  return (address) => made.has(address);
}

/** A target with its host in the one spelling. Throws ERR_REQUEST_TARGET. */
export function normalised(target: HostPort): HostPort {
  if (!Number.isInteger(target.port) || target.port < 1 || target.port > 65_535) {
    throw new BywayError("ERR_REQUEST_TARGET", `${target.port} is no port`);
  }
  return { host: normaliseHost(target.host), port: target.port };
}

/** The guard's refusal as a decision. */
function guarded(check: () => void): PolicyDecision | undefined {
  try {
    check();
    return undefined;
  } catch (cause) {
    const refusal = toBywayError(cause);
    if (refusal.code !== "ERR_TARGET_PROHIBITED") throw cause;
    return { refusal, by: "guard", text: refusal.message };
  }
}
