import assert from "node:assert/strict";
import { BywayError, toBywayError } from "../../src/core/errors.ts";
import type { PolicyQuestion, TargetPolicy } from "../../src/egress/policy/policy-decision.ts";
import { StreamFirstBytes } from "../../src/egress/stream-first-bytes.ts";
import { CURL_HELLO } from "./client-hellos.ts";
import { messageOf, nameEntry, nameList, naming, partsOf, recordsOf } from "./odd-hellos.ts";

/** The target of every stream here. */
export const ADDRESS: string = "198.51.99.1";
/** BitTorrent's. */
export const HANDSHAKE: Buffer = Buffer.from(`\x13BitTorrent protocol${"\0".repeat(48)}`);

/** A policy that refuses the names under `bad.example` and the addresses 9.…, and writes down what it was asked. */
export class FakePolicy implements TargetPolicy {
  readonly opensBitTorrent: boolean;
  readonly judgesHosts: boolean;
  readonly asked: PolicyQuestion[] = [];

  constructor(opensBitTorrent = false, judgesHosts = true) {
    this.opensBitTorrent = opensBitTorrent;
    this.judgesHosts = judgesHosts;
  }

  decide(question: PolicyQuestion): ReturnType<TargetPolicy["decide"]> {
    this.asked.push(question);
    if (question.addresses === undefined) return undefined;
    const isBad =
      `.${question.name ?? ""}`.endsWith(".bad.example") || question.addresses.some((ip) => ip.startsWith("9."));
    const refusal = isBad ? new BywayError("ERR_POLICY_LISTED", `${question.name} is listed`) : undefined;
    return { refusal, by: isBad ? "list drop" : "rule 1", text: "" };
  }
}

/** A look at a stream to `name`, or to an address. */
export function firstBytes(name?: string, policy: FakePolicy = new FakePolicy()): StreamFirstBytes {
  return new StreamFirstBytes(policy, {
    protocol: "tcp",
    ...(name === undefined ? {} : { name }),
    addresses: [ADDRESS],
    port: 443,
  });
}

/** A plain request for `host`. */
export function request(host: string, target = "/"): Buffer {
  return Buffer.from(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`, "latin1");
}

/** A hello for `name`. */
export function helloFor(name: string): Buffer {
  return recordsOf(messageOf(naming(partsOf(CURL_HELLO), nameList(nameEntry(name)))));
}

/** "pass", "more", or the code of the refusal and what it counts as. */
export function outcome(look: StreamFirstBytes, seen: Buffer): unknown {
  try {
    return look.look(seen);
  } catch (error) {
    const { code, data, message } = toBywayError(error);
    assert.doesNotMatch(`${message} ${JSON.stringify(data)}`, /\.example|\.onion|9\.9/, "a name is shown");
    return [code, data.by];
  }
}

/** The verdicts on a stream of which `pieces` come one by one, as a splice asks for them; the last may be a refusal. */
export function verdicts(look: StreamFirstBytes, ...pieces: readonly (Buffer | string)[]): readonly unknown[] {
  const all: unknown[] = [];
  let seen = Buffer.alloc(0);
  for (const piece of pieces) {
    seen = Buffer.concat([seen, typeof piece === "string" ? Buffer.from(piece, "latin1") : piece]);
    while (seen.length > 0) {
      const verdict = outcome(look, seen);
      all.push(verdict);
      if (verdict === "more" || verdict === "open") break;
      if (verdict !== "pass" || look.nextAt === undefined) return [...all, ...(verdict === "pass" ? ["end"] : [])];
      assert.ok(look.nextAt > 0 && look.nextAt <= seen.length);
      seen = seen.subarray(look.nextAt);
    }
  }
  return all;
}

/** The refusal of what servers may read in several ways. */
export function unclear(what: string): unknown {
  return ["ERR_POLICY_PROTOCOL", `unclear ${what}`];
}

/** The refusal of a name in a request, and in a hello. */
export const LISTED: readonly string[] = ["ERR_POLICY_LISTED", "list drop, host header"];
export const LISTED_SNI: readonly string[] = ["ERR_POLICY_LISTED", "list drop, server name"];
