import { BywayError, toBywayError } from "../../core/errors.ts";
import { parseIp } from "../../core/ip-address.ts";
import { unmappedBytes } from "../../core/mapped-ipv4.ts";
import { nearestName } from "../../core/nearest-name.ts";
import { normaliseHost } from "../../wire/authority.ts";
import type { PortRange } from "../../wire/port-range.ts";
import { EGRESS_LIMITS } from "../limits.ts";
import type { PolicyRule, RuleHost } from "./policy-rule.ts";
import { isPortSetName, PORT_SET_NAMES, PORT_SETS, type PortSetName } from "./port-sets.ts";

const FORMS = "accept|reject [tcp|udp] HOST:PORTS, or accept|reject SET";
const SETS = PORT_SET_NAMES.join(", ");

interface Ports {
  readonly ranges: readonly PortRange[];
  readonly sets: readonly PortSetName[];
  readonly text: string;
}

/**
 * Reads the rules of an exit's policy, one a line (docs/policy.md).
 *
 *     accept|reject [tcp|udp] HOST:PORTS     HOST   * *4 *6 IPv4[/n] [IPv6][/n] name =name *.name
 *     accept|reject [tcp|udp] SET            PORTS  * 80 8000-8080 SET, with commas between
 *
 * Names are folded as those of targets are, and IPv6 to its one spelling; other spellings of IPv4 are refused, since `10.1`
 * may mean two things. Throws ERR_CONFIG_VALUE with the number of the line, what is wrong, and the nearest name of a set.
 */
export function parsePolicy(lines: readonly string[]): readonly PolicyRule[] {
  const most = EGRESS_LIMITS.policyRules.value;
  if (lines.length > most) throw tooMany(most);
  return lines.map(numberedRule);
}

/** What `parsePolicy` would throw of each rule by itself. */
export function policyMistakes(lines: readonly string[]): readonly BywayError[] {
  const most = EGRESS_LIMITS.policyRules.value;
  const mistakes = lines.slice(0, most).flatMap((line, index) => {
    try {
      numberedRule(line, index);
      return [];
    } catch (error) {
      return [toBywayError(error)];
    }
  });
  return lines.length > most ? [...mistakes, tooMany(most)] : mistakes;
}

function tooMany(most: number): BywayError {
  return new BywayError("ERR_CONFIG_VALUE", `a policy has at most ${most} rules`);
}

function numberedRule(line: string, index: number): PolicyRule {
  try {
    return parseRule(line);
  } catch (cause) {
    const { message } = toBywayError(cause);
    throw new BywayError("ERR_CONFIG_VALUE", `rule ${index + 1} of the policy: ${message}`, {
      data: { line: index + 1, rule: line },
      cause,
    });
  }
}

function parseRule(line: string): PolicyRule {
  const [verb = "", ...words] = line.trim().split(/\s+/);
  if (verb !== "accept" && verb !== "reject") {
    if (verb === "") throw wrong(`it is empty; a rule is ${FORMS}`);
    const meant = isPortSetName(verb) ? `; did you mean "accept ${verb}"?` : `; a rule is ${FORMS}`;
    throw wrong(`${shown(verb)} is neither accept nor reject${meant}`);
  }
  const [protocol] = words;
  const isNamed = protocol === "tcp" || protocol === "udp";
  const [what, ...more] = isNamed ? words.slice(1) : words;
  if (what === undefined || more.length > 0) throw wrong(`${shown(line)} is not of the form ${FORMS}`);
  const { host, hostText, ports } = parseTarget(what);
  return {
    accepts: verb === "accept",
    ...(isNamed ? { protocol } : {}),
    host,
    ports: ports.ranges,
    sets: ports.sets,
    text: [verb, ...(isNamed ? [protocol] : []), `${hostText}:${ports.text}`].join(" "),
  };
}

function parseTarget(text: string): { readonly host: RuleHost; readonly hostText: string; readonly ports: Ports } {
  const colon = text.lastIndexOf(":");
  if (colon < 0) {
    if (isPortSetName(text)) return { host: { kind: "any" }, hostText: "*", ports: parsePorts(text) };
    if (text.includes(".") || text.includes("*") || text.includes("/")) {
      throw wrong(`${shown(text)} has no ports; for all of them write ${text}:*`);
    }
    if (/^[0-9]/.test(text)) throw wrong(`${shown(text)} has no host; for any of them write *:${text}`);
    throw wrong(`${shown(text)} is no set${nearest(text)}; the sets are ${SETS}`);
  }
  const hostText = text.slice(0, colon);
  return { ...parseRuleHost(hostText), ports: parsePorts(text.slice(colon + 1)) };
}

function parseRuleHost(text: string): { readonly host: RuleHost; readonly hostText: string } {
  if (text === "*") return { host: { kind: "any" }, hostText: text };
  if (text === "*4" || text === "*6") {
    return { host: { kind: "family", family: text === "*4" ? 4 : 6 }, hostText: text };
  }
  if (text.includes(":") && !text.startsWith("[")) throw wrong(`write IPv6 addresses in brackets: [${text}]`);
  const network = /^\[([^\]]*)\](?:\/([0-9]{1,3}))?$/.exec(text) ?? /^([0-9.]+)(?:\/([0-9]{1,3}))?$/.exec(text);
  return network === null ? parseName(text) : parseNetwork(text, network[1] ?? "", network[2]);
}

function parseNetwork(
  text: string,
  address: string,
  length: string | undefined,
): { readonly host: RuleHost; readonly hostText: string } {
  const parsed = parseIp(address);
  const is6 = text.startsWith("[");
  if (parsed === undefined || parsed.zone !== undefined || (parsed.bytes.length === 16) !== is6) {
    throw wrong(
      is6 ? `[${shown(address)}] is no IPv6 address` : `${shown(address)} is no IPv4 address of four decimal numbers`,
    );
  }
  const { bytes } = parsed;
  const most = bytes.length * 8;
  const bits = length === undefined ? most : Number(length);
  if (bits > most) throw wrong(`/${bits} is longer than an address, which has ${most} bits`);
  if (unmappedBytes(bytes) !== bytes && bits >= 96) throw wrong(`write ${text} as the IPv4 address that it holds`);
  const masked = Uint8Array.from(bytes, (byte, index) => byte & maskOf(bits - index * 8));
  const spelled = is6 ? `[${normaliseHost(address)}]` : address;
  if (Buffer.compare(masked, bytes) !== 0) {
    throw wrong(`${text} has bits beyond its /${bits}; for one address leave /${bits} out`);
  }
  return {
    host: { kind: "network", network: masked, bits },
    hostText: bits === most ? spelled : `${spelled}/${bits}`,
  };
}

function parseName(text: string): { readonly host: RuleHost; readonly hostText: string } {
  const [, sign = "", bare = ""] = /^(=|\*\.)?(.*)$/.exec(text) ?? [];
  let name: string;
  try {
    name = normaliseHost(bare);
  } catch (cause) {
    throw new BywayError("ERR_CONFIG_VALUE", `${shown(text)} is neither a name nor a range of addresses`, { cause });
  }
  if (parseIp(name) !== undefined) throw wrong(`write ${shown(text)} as the address ${name}`);
  const scope = sign === "" ? "tree" : sign === "=" ? "alone" : "below";
  return { host: { kind: "name", name, scope }, hostText: `${sign}${name}` };
}

function parsePorts(text: string): Ports {
  const sets: PortSetName[] = [];
  const found = text.split(",").flatMap((item): readonly PortRange[] => {
    if (item === "*") return [{ first: 1, last: 65_535 }];
    if (isPortSetName(item)) {
      sets.push(item);
      return PORT_SETS[item];
    }
    const range = /^([1-9][0-9]{0,4})(?:-([1-9][0-9]{0,4}))?$/.exec(item);
    if (range === null) {
      if (/^[0-9-]*$/.test(item)) throw wrong(`${shown(item)} is no port, nor a range of ports such as 8000-8080`);
      throw wrong(`${shown(item)} is neither a port nor a set${nearest(item)}; the sets are ${SETS}`);
    }
    const first = Number(range[1]);
    const last = Number(range[2] ?? first);
    if (last > 65_535 || first > last) throw wrong(`${item} is not among the ports 1 to 65535, lower one first`);
    return [{ first, last }];
  });
  return { ranges: found, sets, text };
}

/** The set that was likely meant. */
function nearest(text: string): string {
  const { name, edits } = nearestName(text, PORT_SET_NAMES);
  return edits <= Math.ceil(text.length / 2) ? ` (the nearest is ${name})` : "";
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}

/** Which of eight bits count when `bits` are left. */
function maskOf(bits: number): number {
  if (bits >= 8) return 0xff;
  return bits <= 0 ? 0 : (0xff00 >> bits) & 0xff;
}

function wrong(what: string): BywayError {
  return new BywayError("ERR_CONFIG_VALUE", what);
}
