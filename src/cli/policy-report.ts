import { formatHostPort } from "../core/network-address.ts";
import type { AdvertisedPolicy } from "../egress/policy/advertised-policy.ts";
import { formatPorts, PORT_SET_NAMES, PORT_SETS } from "../egress/policy/port-sets.ts";
import type { JudgedTarget } from "../egress/target-check.ts";
import { jsonLine } from "./json-line.ts";

/** A policy as it was understood, and what is said of it to others. */
export interface ShownPolicy {
  readonly lines: readonly string[];
  readonly advertised: AdvertisedPolicy;
}

/** A policy for people. */
export function policyText({ lines, advertised }: ShownPolicy): string {
  const { acceptedPorts, protocols } = advertised;
  return [
    "Rules. The first one that matches decides:",
    ...lines.map((line, index) => `  ${String(index + 1).padStart(3)}  ${line}`),
    "       If no rule accepts a target, it is refused.",
    "",
    "Sets of ports:",
    ...PORT_SET_NAMES.map((name) => `  ${name.padEnd(16)}  ${formatPorts(PORT_SETS[name])}`),
    "",
    acceptedPorts.length === 0
      ? "Nothing is advertised, so clients do not choose this exit."
      : `Advertised: ${protocols.join(" and ")} to the ports ${formatPorts(acceptedPorts)}.`,
    "",
  ].join("\n");
}

/** The same for programs. */
export function policyJson({ lines, advertised }: ShownPolicy): string {
  const sets = Object.fromEntries(PORT_SET_NAMES.map((name) => [name, formatPorts(PORT_SETS[name])]));
  return jsonLine({ rules: lines, sets, advertised });
}

/** What decided about a target, for people. */
export function judgementText({ host, port, addresses, decision, unresolved }: JudgedTarget): string {
  const what = formatHostPort({ host, port });
  if (decision === undefined) return `${what} depends on the addresses of ${host}, which were not looked up.\n`;
  const verdict = decision.refusal === undefined ? "accepted" : "refused";
  const found = addresses.length === 0 || addresses[0] === host ? "" : `  looked up: ${addresses.join(", ")}\n`;
  const by = decision.by === "no rule" ? "" : ` by ${decision.by}`;
  const failed =
    unresolved === undefined
      ? ""
      : `  This is decided without the name's addresses, which could not be looked up: ${unresolved.message}.\n`;
  return `${what} is ${verdict}${by}: ${decision.text}\n${found}${failed}`;
}

/** The same for programs; `accepted` is null where it depends on addresses. */
export function judgementJson({ host, port, addresses, decision, unresolved }: JudgedTarget): string {
  return jsonLine({
    host,
    port,
    addresses,
    accepted: decision === undefined ? null : decision.refusal === undefined,
    by: decision?.by ?? null,
    text: decision?.text ?? null,
    code: decision?.refusal?.code ?? null,
    ...(unresolved === undefined ? {} : { unresolved: { code: unresolved.code, message: unresolved.message } }),
  });
}
