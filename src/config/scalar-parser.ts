import { isIP } from "node:net";
import { COUNTRY_CODES } from "../core/country-codes.ts";
import { parseIp } from "../core/ip-address.ts";
import { unmappedBytes } from "../core/mapped-ipv4.ts";
import type { HostPort } from "../core/network-address.ts";
import { parsePeerAddress } from "../core/peer-address.ts";
import { INVISIBLE } from "../core/plain-text.ts";
import type { ProxyUser, ScalarTypes, Setting } from "./setting.ts";

/** What a single value must look like: a setting or a column. */
export type ScalarForm = Pick<Setting, "type" | "list" | "values" | "min" | "max">;

/** Any single value that a setting can have. */
export type ScalarValue = ScalarTypes[keyof ScalarTypes];

/** Where in a setting a problem is, when it is in a table. */
export interface ProblemPlace {
  readonly column: string;
  /** From 1. */
  readonly table: number;
  /** The nearest known column, when the problem is that there is no such one. */
  readonly nearest?: string;
}

/** Says what was wanted in place of a value; the caller adds which setting and where it was set. */
export class ValueProblem extends Error {
  override readonly name = "ValueProblem";
  readonly place: ProblemPlace | undefined;
  /** Further problems of the same setting. */
  readonly others: readonly ValueProblem[];

  constructor(message: string, place?: ProblemPlace, others: readonly ValueProblem[] = []) {
    super(message);
    this.place = place;
    this.others = others;
  }
}

const HOST_NAME =
  /^(?=.{1,253}\.?$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\.?$/i;

// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/** What a value of the setting looks like, as a noun phrase. */
export function expectedForm(row: ScalarForm): string {
  switch (row.type) {
    case "text":
      return "text without control or invisible characters";
    case "path":
      return "a path";
    case "integer":
      return `a whole number from ${row.min ?? Number.MIN_SAFE_INTEGER} to ${row.max ?? Number.MAX_SAFE_INTEGER}`;
    case "boolean":
      return "true or false";
    case "host:port":
      return "host:port, an IPv6 address in brackets";
    case "ip:port":
      return `an IP address and port${row.min === 1 ? " from 1 to 65535" : ""} such as 127.0.0.1:1080 or [::1]:1080`;
    case "ip":
      return "an IP address";
    case "name-server":
      return "an IP address, with a port if not 53";
    case "country":
      return "a country code of two letters that ISO 3166-1 assigns";
    case "name:password":
      return "name:password";
    case "multiaddr":
      return "an address such as /ip4/192.0.2.1/tcp/4433/p2p/12D3Koo…";
    case "table":
      return "a table";
    case "enum":
      return `${row.list ? "some" : "one"} of ${(row.values ?? []).join(", ")}`;
  }
}

function isMapped(host: string): boolean {
  const bytes = parseIp(host)?.bytes;
  return bytes !== undefined && unmappedBytes(bytes) !== bytes;
}

function integer(text: string, row: ScalarForm): number {
  const value = /^-?\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= (row.min ?? Number.MIN_SAFE_INTEGER) && value <= (row.max ?? Number.MAX_SAFE_INTEGER))) {
    throw new ValueProblem(expectedForm(row));
  }
  return value;
}

function hostPort(text: string, row: ScalarForm): HostPort {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2] ?? "";
  const port = Number(match?.[3]);
  const isAddress = row.type !== "host:port";
  const least = row.min ?? (row.type === "ip:port" ? 0 : 1);
  const hostIsGood =
    match?.[1] !== undefined ? isIP(host) === 6 : isIP(host) === 4 || (!isAddress && HOST_NAME.test(host));
  // The same place has a name in IPv4, which is the one that others and policies know.
  if (isMapped(host)) throw new ValueProblem(`${expectedForm(row)}, IPv4 without ::ffff:`);
  if (!hostIsGood || !(port >= least && port <= 65535)) throw new ValueProblem(expectedForm(row));
  return { host, port };
}

function user(text: string, row: ScalarForm): ProxyUser {
  const colon = text.indexOf(":");
  if (colon < 1 || colon === text.length - 1 || CONTROL.test(text)) throw new ValueProblem(expectedForm(row));
  return { name: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** One value from text, as flags and the environment give it. Throws ValueProblem. */
export function parseScalar(text: string, row: ScalarForm): ScalarValue {
  switch (row.type) {
    case "integer":
      return integer(text, row);
    case "boolean":
      if (text !== "true" && text !== "false") break;
      return text === "true";
    case "host:port":
    case "ip:port":
      return hostPort(text, row);
    case "name:password":
      return user(text, row);
    case "ip":
      if (isIP(text) === 0 || isMapped(text)) break;
      return text;
    case "name-server":
      if (isIP(text) === 0) hostPort(text, row);
      return text;
    case "country":
      if (!COUNTRY_CODES.has(text.toLowerCase())) break;
      return text.toLowerCase();
    case "multiaddr":
      if (parsePeerAddress(text) === undefined) break;
      return text;
    case "enum":
      if (!(row.values ?? []).includes(text)) break;
      return text;
    case "text":
      if (text === "" || INVISIBLE.test(text)) break;
      return text;
    case "path":
      if (text === "" || CONTROL.test(text)) break;
      return text;
    case "table":
      break;
  }
  throw new ValueProblem(expectedForm(row));
}

/** One value as a TOML document gives it. Throws ValueProblem. */
export function parseFileScalar(value: unknown, row: ScalarForm): ScalarValue {
  if (row.type === "boolean") {
    if (typeof value === "boolean") return value;
  } else if (row.type === "integer") {
    if (typeof value === "number" && Number.isInteger(value)) return integer(String(value), row);
  } else if (typeof value === "string") {
    return parseScalar(value, row);
  }
  throw new ValueProblem(expectedForm(row));
}
