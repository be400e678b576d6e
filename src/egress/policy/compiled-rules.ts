import { parseIp } from "../../core/ip-address.ts";
import { isInPortRanges, type PortRange } from "../../wire/port-range.ts";
import { FirstRules, NO_RULE } from "./first-rules.ts";
import type { PolicyRule, RuleHost } from "./policy-rule.ts";

interface Numbered {
  readonly index: number;
  readonly accepts: boolean;
  readonly host: RuleHost;
  readonly ports: readonly PortRange[];
}

/** Rules about hosts that share a key, in their order. */
type ByKey = Map<string, Numbered[]>;

/**
 * The rules about one protocol, laid out so that a question costs as many steps as a name has labels and as rules have
 * different lengths of prefix, however many rules there are.
 */
export class CompiledRules {
  readonly #any: FirstRules;
  readonly #families: { readonly 4: FirstRules; readonly 6: FirstRules };
  /** By name: those about it alone, and those about names below it. */
  readonly #alone: ByKey = new Map();
  readonly #below: ByKey = new Map();
  /** By address length and prefix length, then by the leading bits. */
  readonly #networks = new Map<number, { readonly length: number; readonly bits: number; readonly byKey: ByKey }>();
  /** The first that accepts, whatever host it is about; and the first of those about addresses that accept, or reject. */
  readonly #accepting: FirstRules;
  readonly #acceptingAddresses: FirstRules;
  readonly #rejectingAddresses: FirstRules;

  constructor(rules: readonly PolicyRule[], protocol: "tcp" | "udp") {
    const numbered: readonly Numbered[] = rules.flatMap((rule, index) =>
      (rule.protocol ?? protocol) === protocol ? [{ ...rule, index }] : [],
    );
    const ofFamily = (family: 4 | 6): FirstRules =>
      new FirstRules(numbered.filter(({ host }) => host.kind === "family" && host.family === family));
    const ofAddresses = numbered.filter(({ host }) => host.kind === "family" || host.kind === "network");
    this.#any = new FirstRules(numbered.filter(({ host }) => host.kind === "any"));
    this.#families = { 4: ofFamily(4), 6: ofFamily(6) };
    this.#accepting = new FirstRules(numbered.filter(({ accepts }) => accepts));
    this.#acceptingAddresses = new FirstRules(ofAddresses.filter(({ accepts }) => accepts));
    this.#rejectingAddresses = new FirstRules(ofAddresses.filter(({ accepts }) => !accepts));
    for (const rule of numbered) this.#file(rule);
  }

  /** The number of the first rule about `port` of this name or address, either of which may be absent; NO_RULE for none. */
  first(port: number, name: string | undefined, address: string | undefined): number {
    return Math.min(
      this.#any.at(port),
      name === undefined ? NO_RULE : this.#firstOfName(name, port),
      address === undefined ? NO_RULE : this.#firstOfAddress(address, port),
    );
  }

  /** Whether an address could have a rule before number `index` decide about `port`, and otherwise than that rule does. */
  mayTurn(port: number, index: number, accepts: boolean): boolean {
    return (accepts ? this.#rejectingAddresses : this.#acceptingAddresses).at(port) < index;
  }

  /** Whether there is any host of which `port` is accepted. */
  isOpenTo(port: number): boolean {
    const accepting = this.#accepting.at(port);
    return accepting !== NO_RULE && accepting <= this.#any.at(port);
  }

  /** The number of the first rule about `port` of an address of `family` that no rule names. */
  firstOfFamily(port: number, family: 4 | 6): number {
    return Math.min(this.#any.at(port), this.#families[family].at(port));
  }

  #firstOfName(name: string, port: number): number {
    let first = firstAt(this.#alone.get(name), port);
    for (let dot = name.indexOf("."); dot >= 0; dot = name.indexOf(".", dot + 1)) {
      first = Math.min(first, firstAt(this.#below.get(name.slice(dot + 1)), port));
    }
    return first;
  }

  #firstOfAddress(address: string, port: number): number {
    const bytes = parseIp(address)?.bytes;
    if (bytes === undefined) return NO_RULE;
    let first = this.#families[bytes.length === 4 ? 4 : 6].at(port);
    for (const { length, bits, byKey } of this.#networks.values()) {
      if (length === bytes.length) first = Math.min(first, firstAt(byKey.get(keyOf(bytes, bits)), port));
    }
    return first;
  }

  #file(rule: Numbered): void {
    const { host } = rule;
    if (host.kind === "name") {
      if (host.scope !== "below") add(this.#alone, host.name, rule);
      if (host.scope !== "alone") add(this.#below, host.name, rule);
    } else if (host.kind === "network") {
      const { network, bits } = host;
      const shape = network.length * 1_000 + bits;
      const found = this.#networks.get(shape) ?? { length: network.length, bits, byKey: new Map() };
      this.#networks.set(shape, found);
      add(found.byKey, keyOf(network, bits), rule);
    }
  }
}

function add(map: ByKey, key: string, rule: Numbered): void {
  const rules = map.get(key);
  if (rules === undefined) map.set(key, [rule]);
  else rules.push(rule);
}

function firstAt(rules: readonly Numbered[] | undefined, port: number): number {
  return rules?.find(({ ports }) => isInPortRanges(ports, port))?.index ?? NO_RULE;
}

/** The first `bits` bits as a key. */
function keyOf(bytes: Uint8Array, bits: number): string {
  let key = "";
  for (let left = bits, at = 0; left > 0; left -= 8, at += 1) {
    const byte = bytes[at] ?? 0;
    key += String.fromCharCode(left >= 8 ? byte : byte & (0xff00 >> left) & 0xff);
  }
  return key;
}
