import type { ErrorCode } from "../../core/error-table.ts";
import { BywayError } from "../../core/errors.ts";
import { formatHostPort } from "../../core/network-address.ts";
import { WIRE_LIMITS } from "../../wire/limits.ts";
import type { PortRange } from "../../wire/port-range.ts";
import type { ListMatch, ListMatcher } from "../blocklist/list-match.ts";
import { CompiledRules } from "./compiled-rules.ts";
import { NO_RULE } from "./first-rules.ts";
import type { PolicyDecision, PolicyQuestion, TargetPolicy } from "./policy-decision.ts";
import type { PolicyRule } from "./policy-rule.ts";

/**
 * An exit's rules and blocklists.
 *
 *     on a list, by name or by an address? ─► refused
 *     first rule that matches ─► accepts or rejects        none ─► refused
 *
 * Of several addresses each is judged by itself, and one that is refused refuses all; IPv6 that stands for IPv4 is judged
 * by both. What is refused at a port of which
 * no host is accepted is ERR_POLICY_PORT, else ERR_POLICY_TARGET; what is on a list is ERR_POLICY_LISTED. `data.by` of the
 * refusal is the decision's.
 */
export class ExitPolicy implements TargetPolicy {
  readonly opensBitTorrent: boolean;
  readonly judgesHosts: boolean;
  readonly #rules: readonly PolicyRule[];
  readonly #lists: ListMatcher | undefined;
  readonly #inside: (ip: string) => readonly string[];
  readonly #compiled: { readonly tcp: CompiledRules; readonly udp: CompiledRules };

  /** `inside` names the IPv4 addresses that an IPv6 address stands for; none by default. */
  constructor(rules: readonly PolicyRule[], lists?: ListMatcher, inside?: (ip: string) => readonly string[]) {
    this.#rules = rules;
    this.#lists = lists;
    this.#inside = inside ?? (() => []);
    this.#compiled = { tcp: new CompiledRules(rules, "tcp"), udp: new CompiledRules(rules, "udp") };
    this.opensBitTorrent = rules.some(({ accepts, sets }) => accepts && sets.includes("p2p"));
    this.judgesHosts =
      lists !== undefined || rules.some(({ host, protocol }) => host.kind !== "any" && protocol !== "udp");
  }

  /** The rules as they were understood. */
  get lines(): readonly string[] {
    return this.#rules.map(({ text }) => text);
  }

  decide(asked: PolicyQuestion): PolicyDecision | undefined {
    const addresses = (asked.addresses ?? []).flatMap((address) => [address, ...this.#inside(address)]);
    const question = { ...asked, addresses };
    const { protocol, name, port } = question;
    const compiled = this.#compiled[protocol];
    const listed = this.#listed(question);
    if (listed !== undefined) return listed;
    if (addresses.length === 0) {
      const index = compiled.first(port, name, undefined);
      const accepts = this.#accepts(index);
      if (compiled.mayTurn(port, index, accepts) || (accepts && this.#lists !== undefined)) return undefined;
      return this.#decision(question, index, undefined);
    }
    const found = addresses.map((address) => compiled.first(port, name, address));
    const refused = found.findIndex((index) => !this.#accepts(index));
    const at = Math.max(refused, 0);
    return this.#decision(question, found[at] ?? NO_RULE, addresses[at]);
  }

  /**
   * The ports at which a public target that no rule names is accepted, as ranges that rise and do not touch: of IPv4, or of
   * IPv6 where that has none. Above 64 ranges the highest are left out: a node may claim less than it accepts, never more.
   */
  acceptedPorts(protocol: "tcp" | "udp"): readonly PortRange[] {
    const [v4 = [], v6 = []] = ([4, 6] as const).map((family) => this.#portsOf(protocol, family));
    return (v4.length > 0 ? v4 : v6).slice(0, WIRE_LIMITS.maxPortRanges.value);
  }

  #portsOf(protocol: "tcp" | "udp", family: 4 | 6): readonly PortRange[] {
    const ranges: PortRange[] = [];
    let first: number | undefined;
    for (let port = 1; port <= 65_536; port += 1) {
      const isOpen = port <= 65_535 && this.#accepts(this.#compiled[protocol].firstOfFamily(port, family));
      if (isOpen) first ??= port;
      else if (first !== undefined) {
        ranges.push({ first, last: port - 1 });
        first = undefined;
      }
    }
    return ranges;
  }

  #accepts(index: number): boolean {
    return this.#rules[index]?.accepts ?? false;
  }

  #listed({ name, addresses = [], port }: PolicyQuestion): PolicyDecision | undefined {
    if (this.#lists === undefined) return undefined;
    let match: ListMatch | undefined = name === undefined ? undefined : this.#lists.matchName(name);
    const isName = match !== undefined;
    for (const address of addresses) match ??= this.#lists.matchAddress(address);
    if (match === undefined) return undefined;
    const { list, entry } = match;
    const subject = isName || name === undefined ? "is" : "resolves to an address that is";
    const what = `${formatHostPort({ host: name ?? addresses[0] ?? "", port })} ${subject} on the exit's blocklist ${list}`;
    return refusal("ERR_POLICY_LISTED", what, `list ${list}`, entry);
  }

  #decision({ protocol, name, port }: PolicyQuestion, index: number, address: string | undefined): PolicyDecision {
    const rule = this.#rules[index];
    const by = rule === undefined ? "no rule" : `rule ${index + 1}`;
    const text = rule?.text ?? "no rule accepts it";
    if (rule?.accepts === true) return { refusal: undefined, by, text };
    if (!this.#compiled[protocol].isOpenTo(port)) {
      const kind = protocol === "udp" ? "UDP port" : "port";
      return refusal("ERR_POLICY_PORT", `${kind} ${port} is closed at this exit (${by})`, by, text);
    }
    const what = formatHostPort({ host: name ?? address ?? "", port });
    return refusal("ERR_POLICY_TARGET", `the exit's policy refuses ${what} (${by})`, by, text);
  }
}

function refusal(code: ErrorCode, message: string, by: string, text: string): PolicyDecision {
  return { refusal: new BywayError(code, message, { data: { by } }), by, text };
}
