import { BywayError } from "../../core/errors.ts";
import { normaliseHost } from "../../wire/authority.ts";
import { type AddressRange, parseAddressRange, rangeText } from "./address-range.ts";
import { plainName } from "./plain-name.ts";

/** Takes the entries of a list. */
export interface EntrySink {
  /** `name` is normalised; `below` says whether all names below it count too. */
  name(name: string, below: boolean): void;
  range(range: AddressRange): void;
}

/** What a line was: `nothing` is an empty line, a comment or an entry that is passed over, as `localhost` in hosts files. */
export type LineKind = "entry" | "nothing" | "unread";

const ENDS_IN_NUMBER = /(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)$/;
/** Where hosts files send names: nowhere, or to the machine itself. */
const SINKS = /^(?:0\.0\.0\.0|127\.\d+\.\d+\.\d+|255\.255\.255\.255|::1?)$/;
const NAME_WITH_DOT = /^[^.]+\..*[^\d.:]/;
/** Modifiers of an adblock rule that leave it a rule for the whole name. */
const WHOLE_NAME = new Set(["important", "all", "document", "doc"]);
/** What hosts files have for the machine itself. */
const OWN_NAMES = new Set([
  "localhost",
  "localhost.localdomain",
  "localhost4",
  "localhost6",
  "localhost6.localdomain6",
  "local",
  "broadcasthost",
  "ip6-localhost",
  "ip6-loopback",
  "ip6-localnet",
  "ip6-mcastprefix",
  "ip6-allnodes",
  "ip6-allrouters",
  "ip6-allhosts",
]);

/** Reads one line of a list, whatever its format (docs/blocklists.md). Never throws. */
export function readListLine(line: string, sink: EntrySink): LineKind {
  const text = line.trim();
  // Most lines of most lists are nothing but a name.
  const plain = text.includes(".") ? plainName(text) : undefined;
  if (plain !== undefined) return keepBelow(plain, sink);
  if (text === "" || isComment(text)) return "nothing";
  if (text.startsWith("{")) return readJson(text, sink);
  if (text.startsWith("||")) return readAdblock(text, sink);
  const rule = /^(?:address|server|local)=\/(.*)\/[^/]*$/.exec(text);
  if (rule !== null) return readAll((rule[1] ?? "").split("/"), (name) => readBelow(name, sink));
  const bare = withoutComment(text);
  const range = parseAddressRange(bare);
  if (range !== undefined) {
    sink.range(range);
    return "entry";
  }
  const space = bare.search(/\s/);
  return space === -1 ? readDomain(bare, sink) : readColumns(bare.split(/\s+/), sink);
}

/** A name in the spelling of `normaliseHost`; undefined for what it refuses or takes for an address. */
export function normaliseListedName(text: string): string | undefined {
  const plain = plainName(text.endsWith(".") ? text.slice(0, -1) : text);
  if (plain !== undefined) return plain;
  // Most of what is no name is found here without the cost of an error.
  if (/[\s/|*$^=,:[\]@%]/.test(text)) return undefined;
  try {
    const name = normaliseHost(text);
    return ENDS_IN_NUMBER.test(name) ? undefined : name;
  } catch (error) {
    if (error instanceof BywayError) return undefined;
    throw error;
  }
}

function isComment(text: string): boolean {
  const first = text[0];
  if (first === "#" || first === ";" || first === "!") return true;
  if (text.startsWith("//")) return true;
  // The header of an adblock list, such as [Adblock Plus 2.0]; [example.com] is an entry that somebody meant, and counts as unread.
  const isHeader = /^\[[^\]]*\]$/.test(text) && parseAddressRange(text) === undefined;
  return isHeader && (/\s/.test(text) || !NAME_WITH_DOT.test(text.slice(1, -1)));
}

/** What stands before a comment: from `;` on, or from a space before `#`, `!` or `//`. */
function withoutComment(text: string): string {
  for (let i = 1; i < text.length; i += 1) {
    const isStart = text[i] === ";" || (isSpace(text[i - 1]) && /^(?:#|!|\/\/)/.test(text.slice(i, i + 2)));
    if (isStart) return text.slice(0, i).trimEnd();
  }
  return text;
}

function isSpace(character: string | undefined): boolean {
  return character === " " || character === "\t";
}

/** `{"cidr":"192.0.2.0/24",…}`; other objects, such as Spamhaus's `{"type":"metadata",…}`, are passed over. */
function readJson(text: string, sink: EntrySink): LineKind {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return "unread";
  }
  const { cidr, type } = value as { readonly cidr?: unknown; readonly type?: unknown };
  if (cidr === undefined && type === "metadata") return "nothing";
  const range = typeof cidr === "string" ? parseAddressRange(cidr) : undefined;
  if (range === undefined) return "unread";
  sink.range(range);
  return "entry";
}

/** `||example.com^`: the name and all below; rules for paths or for parts of pages are not for an exit. */
function readAdblock(text: string, sink: EntrySink): LineKind {
  const [, host = "", modifiers] = /^\|\|([^/^$|]+)\^\|?(?:\$([a-z,]+))?$/.exec(text) ?? [];
  if (modifiers !== undefined && !modifiers.split(",").every((each) => WHOLE_NAME.has(each))) return "unread";
  const range = parseAddressRange(host);
  if (range === undefined) return readBelow(host, sink);
  sink.range(range);
  return "entry";
}

/** `example.com`, `.example.com`, `*.example.com`, `domain:example.com`: with all below; `full:example.com`: alone. */
function readDomain(text: string, sink: EntrySink): LineKind {
  const [, form, rest = ""] = /^(\*\.|\+\.|\.|domain:|full:)?(.*)$/.exec(text) ?? [];
  if (form === "full:") return readExact(rest, sink);
  // A word alone is prose or a mistake more often than a top-level domain, which other forms can say.
  if (form === undefined && !/[^.]\.[^.]/.test(rest)) return OWN_NAMES.has(rest.toLowerCase()) ? "nothing" : "unread";
  return readBelow(rest, sink);
}

/** `0.0.0.0 a.example b.example`, `192.0.2.0 192.0.2.255 24 …`, `192.0.2.7 3`. */
function readColumns(columns: readonly string[], sink: EntrySink): LineKind {
  const [first = "", second = ""] = columns;
  const range = parseAddressRange(first.replace(/%.*$/, ""));
  if (range === undefined) return "unread";
  const isSink = !first.includes("/") && SINKS.test(first);
  if (isSink || OWN_NAMES.has(second.toLowerCase()) || NAME_WITH_DOT.test(second)) {
    const names = columns.slice(1).filter((name) => !OWN_NAMES.has(name.toLowerCase()) && name !== first);
    return names.length === 0 ? "nothing" : readAll(names, (name) => readExact(name, sink));
  }
  const wide = parseAddressRange(second) === undefined ? range : parseAddressRange(`${first}-${second}`);
  // Two addresses that are not the ends of a block are two columns of something else.
  if (wide === undefined || rangeText(wide).includes("-")) return "unread";
  sink.range(wide);
  return "entry";
}

/** An entry where at least one part is. */
function readAll(parts: readonly string[], read: (part: string) => LineKind): LineKind {
  let kind: LineKind = "unread";
  for (const part of parts) if (read(part) === "entry") kind = "entry";
  return kind;
}

function readBelow(text: string, sink: EntrySink): LineKind {
  const name = normaliseListedName(text);
  return name === undefined ? "unread" : keepBelow(name, sink);
}

function keepBelow(name: string, sink: EntrySink): LineKind {
  if (OWN_NAMES.has(name)) return "nothing";
  sink.name(name, true);
  return "entry";
}

function readExact(text: string, sink: EntrySink): LineKind {
  const name = normaliseListedName(text);
  if (name === undefined) return "unread";
  sink.name(name, false);
  return "entry";
}
