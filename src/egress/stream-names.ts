import { isIP } from "node:net";
import { BywayError } from "../core/errors.ts";
import { withoutMapping } from "../core/mapped-ipv4.ts";
import { isWellKnownNat64 } from "../geo/nat64.ts";
import { classifyAddress } from "../geo/reserved-ranges.ts";
import { normaliseHost } from "../wire/authority.ts";
import type { PolicyQuestion, TargetPolicy } from "./policy/policy-decision.ts";

/** Where a name was read; refusals are told apart by it. */
export type NameKind = "server name" | "host header";

/** Judges the names that a stream shows as if each had been asked for. */
export class StreamNames {
  /** Whether a name that cannot be read is refused: where hosts do not matter to the policy it is not. */
  readonly isStrict: boolean;
  readonly #policy: TargetPolicy;
  readonly #question: PolicyQuestion;
  readonly #isOpened: boolean;

  /** `question` is the one that was accepted, with the addresses of its target. */
  constructor(policy: TargetPolicy, question: PolicyQuestion) {
    this.#policy = policy;
    this.#question = question;
    // A private address is dialled only where the operator opened that very target, whatever it is called there.
    const { addresses = [] } = question;
    this.#isOpened = addresses.some((ip) => classifyAddress(ip) !== undefined && !isWellKnownNat64(ip));
    this.isStrict = policy.judgesHosts && !this.#isOpened;
  }

  /**
   * `written` is in latin1. Throws the policy's refusal. If the policy is strict, throws ERR_POLICY_PROTOCOL for text that is
   * no host, since a server may know it all the same. The policy also decides on names that are never looked up (`localhost`,
   * `router.lan`): the exit has connected already, and looks nothing up here.
   */
  judge(written: string, kind: NameKind): void {
    const { protocol, name, addresses, port } = this.#question;
    if (written === name || this.#isOpened) return;
    const host = hostOf(written);
    if (host === name) return;
    if (host === undefined) {
      if (this.isStrict) throw unclear(kind);
      return;
    }
    const isAddress = isIP(host) !== 0;
    if (isAddress && addresses?.includes(host)) return;
    const question = isAddress ? { protocol, addresses: [host], port } : { ...this.#question, name: host };
    const decision = this.#policy.decide(question);
    if (decision !== undefined && decision.refusal === undefined) return;
    // Without a decision the question had no addresses: nothing has been dialled that this could be a stream to.
    throw new BywayError(
      decision?.refusal?.code ?? "ERR_POLICY_TARGET",
      `the ${kind} in the stream is another than the target's, and refused`,
      { data: { by: decision === undefined ? kind : `${decision.by}, ${kind}` } },
    );
  }
}

/** A refusal of what servers could read in several ways; `what` is a word of ours. */
export function unclear(what: string): BywayError {
  return new BywayError("ERR_POLICY_PROTOCOL", `servers may read the ${what} in the stream in several ways`, {
    data: { by: `unclear ${what}` },
  });
}

/** IPv4 inside IPv6 is judged as IPv4. Undefined for what is no host. Bytes beyond ASCII are letters of an alphabet that only the server knows. */
function hostOf(written: string): string | undefined {
  if (!/^[\x21-\x7e]*$/.test(written)) return undefined;
  try {
    return withoutMapping({ host: normaliseHost(written), port: 0 }).host;
  } catch {
    return undefined;
  }
}
