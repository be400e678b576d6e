import { isIP } from "node:net";
import { BywayError } from "../core/errors.ts";
import type { FirstBytes } from "../core/first-bytes.ts";
import { isWellKnownNat64 } from "../geo/nat64.ts";
import { classifyAddress } from "../geo/reserved-ranges.ts";
import { normaliseHost } from "../wire/authority.ts";
import { isTrackerRequest, readBitTorrentHandshake } from "../wire/bittorrent.ts";
import { readServerName } from "../wire/client-hello.ts";
import { type PartialRequest, readRequestHosts } from "../wire/request-hosts.ts";
import { EGRESS_LIMITS } from "./limits.ts";
import { specialName } from "./name-policy.ts";
import type { PolicyQuestion, TargetPolicy } from "./policy/policy-decision.ts";

/** Where a name was read; refusals are told apart by it. */
type NameKind = "server name" | "host header";

const TLS_HANDSHAKE = 0x16;

/**
 * Holds a stream to a target to what its CONNECT said: the client's first bytes may name another server than the one that
 * was connected, and whoever stands there would serve that one.
 *
 * The names in a TLS ClientHello and in the first HTTP request are judged as if they had been asked for, so that the stricter
 * of both decides. BitTorrent is refused unless the policy opens it. What begins otherwise passes at once.
 */
export class StreamFirstBytes implements FirstBytes {
  readonly #policy: TargetPolicy;
  readonly #question: PolicyQuestion;
  /** With fewer bytes there is nothing new to see. */
  #least = 0;
  #request: PartialRequest | undefined;

  /** `question` is the one that was accepted, with the addresses of its target. One for each stream. */
  constructor(policy: TargetPolicy, question: PolicyQuestion) {
    this.#policy = policy;
    this.#question = question;
  }

  /**
   * Throws ERR_POLICY_PROTOCOL for BitTorrent and for a hello or header of more than 64 KiB, what the policy says of
   * a name, and ERR_TARGET_PROHIBITED for a name that is never looked up.
   */
  look(seen: Buffer): "more" | "pass" {
    if (seen.length < this.#least) return "more";
    const isOpen = this.#policy.opensBitTorrent;
    const handshake = isOpen ? "none" : readBitTorrentHandshake(seen);
    if (handshake === "more") return "more";
    if (handshake === "found") throw bitTorrent();
    return seen[0] === TLS_HANDSHAKE ? this.#lookAtHello(seen) : this.#lookAtRequest(seen);
  }

  #lookAtHello(seen: Buffer): "more" | "pass" {
    const answer = readServerName(seen);
    if (answer.found === "more") {
      if (answer.least > EGRESS_LIMITS.maxFirstBytes.value) throw tooLong("TLS hello");
      this.#least = answer.least;
      return "more";
    }
    if (answer.found === "name") this.#judge(answer.name, "server name");
    return "pass";
  }

  #lookAtRequest(seen: Buffer): "more" | "pass" {
    const answer = readRequestHosts(seen, this.#request);
    if (answer.found === "more") {
      if (seen.length >= EGRESS_LIMITS.maxFirstBytes.value) throw tooLong("HTTP header");
      this.#request = answer;
      return "more";
    }
    if (answer.found === "none") return "pass";
    if (!this.#policy.opensBitTorrent && isTrackerRequest(answer.target)) throw bitTorrent();
    for (const host of answer.hosts) this.#judge(host, "host header");
    return "pass";
  }

  #judge(written: string, kind: NameKind): void {
    const { protocol, name, addresses, port } = this.#question;
    if (written === name || this.#isOpened()) return;
    const host = hostOf(written);
    if (host === undefined || host === name) return;
    const isAddress = isIP(host) !== 0;
    if (isAddress && addresses?.includes(host)) return;
    if (!isAddress && specialName(host) !== undefined) {
      throw new BywayError("ERR_TARGET_PROHIBITED", `the ${kind} in the stream is no public name`, {
        data: { by: kind },
      });
    }
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

  /** A private address is dialled only where the operator opened that very target, whatever it is called there. */
  #isOpened(): boolean {
    return this.#question.addresses?.some((ip) => classifyAddress(ip) !== undefined && !isWellKnownNat64(ip)) ?? false;
  }
}

/** Undefined for what is no host: no server that goes by names knows it. */
function hostOf(written: string): string | undefined {
  try {
    return normaliseHost(written);
  } catch {
    return undefined;
  }
}

function bitTorrent(): BywayError {
  return new BywayError("ERR_POLICY_PROTOCOL", "this exit does not carry BitTorrent", { data: { by: "bittorrent" } });
}

function tooLong(what: string): BywayError {
  return new BywayError("ERR_POLICY_PROTOCOL", `the ${what} in the stream is too long to be read`, {
    data: { by: `long ${what}` },
  });
}
