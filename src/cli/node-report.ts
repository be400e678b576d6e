import { counted } from "../core/counted.ts";
import { plainText } from "../core/plain-text.ts";
import { BYTES_PER_MBIT } from "../core/units.ts";
import type { LineBytes } from "../flow/socket-totals.ts";
import type { NodeStatus } from "../operation/node-status.ts";
import { momentText, nodeSentence, untilText } from "./node-sentence.ts";
import { byteText } from "./short-text.ts";
import { age } from "./text-table.ts";

const COLUMNS = 100;
const HEAD = 14;
const BAR = 20;
const REFUSALS = 8;
const RULES = 12;
const PORT_RANGES = 16;

type Row = readonly [head: string, texts: readonly string[]];

/** A node for people, in at most 100 columns: whether all is well, how it is, and what to do about what is not. */
export function nodeText(status: NodeStatus, nowMs: number): string {
  const rows: readonly Row[] = [
    ["node", [status.peerId, `${status.software}, up for ${age(Date.parse(status.startedAt), nowMs)}`]],
    ["roles", [status.roles.join(", ")]],
    ["address", [addressText(status)]],
    ["contact", [status.contact ?? "-"]],
    ["serving", [servingText(status, nowMs)]],
    ["reachable", [reachableText(status, nowMs)]],
    ["today", [bothWays(status.traffic.today)]],
    ["this month", monthTexts(status, nowMs)],
    ["speed", [speedText(status)]],
    ["now", [nowText(status)]],
    ["policy", policyTexts(status)],
    ["refused", refusalTexts(status)],
    ["blocklists", status.blocklists.length === 0 ? ["none"] : status.blocklists.map((list) => listText(list, nowMs))],
    ["log", [logText(status)]],
  ];
  const lines = [...wrapped(nodeSentence(status, nowMs), COLUMNS), "", ...rows.flatMap(rowLines)];
  for (const { code, level, message, remedy } of status.warnings) {
    lines.push("", ...indented(`${level === "note" ? "Note" : "Warning"} ${code}: ${message}.`, 0));
    lines.push(...indented(remedy, 2));
  }
  return `${lines.join("\n")}\n`;
}

/** `[########------------] 41 %`: how full something is, with or without colours. */
export function bar(share: number): string {
  // What has begun is seen, and what is not full does not look so.
  const full = share >= 1 ? BAR : Math.min(BAR - 1, Math.max(share > 0 ? 1 : 0, Math.round(share * BAR)));
  return `[${"#".repeat(full)}${"-".repeat(BAR - full)}] ${Math.floor(share * 100)} %`;
}

function rowLines([head, texts]: Row): readonly string[] {
  return texts
    .flatMap((text) => wrapped(plainText(text), COLUMNS - HEAD))
    .map((line, index) => `${index === 0 ? head.padEnd(HEAD) : " ".repeat(HEAD)}${line}`.trimEnd());
}

function indented(text: string, by: number): readonly string[] {
  return wrapped(plainText(text), COLUMNS - by).map((line) => `${" ".repeat(by)}${line}`);
}

function addressText({ address, endpoint, seenAddresses = [] }: NodeStatus): string {
  const others = seenAddresses.filter((seen) => !endpoint.includes(seen) && !address.includes(seen));
  const seen = others.length === 0 ? "" : `; others see it at ${others.join(", ")}`;
  return address === endpoint ? `${address}${seen}` : `${endpoint} to others; it listens at ${address}${seen}`;
}

function servingText({ serving }: NodeStatus, nowMs: number): string {
  if (serving.state === "serving")
    return serving.exitClosed === undefined ? "yes" : `as a relay; the exit is closed: ${serving.exitClosed}`;
  const reason = serving.reason === undefined ? "" : `: ${serving.reason}`;
  return `${serving.state}${reason}${untilText(serving.until, nowMs)}`;
}

function reachableText({ reachable: { state, reason, checkedAt } }: NodeStatus, nowMs: number): string {
  const checked = checkedAt === undefined ? "" : ` (${age(Date.parse(checkedAt), nowMs)} ago)`;
  return `${state}: ${reason}${checked}`;
}

function bothWays({ received, sent }: LineBytes): string {
  return `${byteText(received)} in, ${byteText(sent)} out`;
}

function monthTexts({ traffic }: NodeStatus, nowMs: number): readonly string[] {
  const { month, monthStart, monthEnd, monthlyCapBytes } = traffic;
  if (monthlyCapBytes === undefined) return [`${bothWays(month)} since ${momentText(monthStart)}; no cap`];
  const used = month.received + month.sent;
  return [
    `${bar(used / monthlyCapBytes)} ${byteText(used)} of ${byteText(monthlyCapBytes)}${untilText(monthEnd, nowMs)}`,
    bothWays(month),
  ];
}

function speedText({ bytesPerSecond }: NodeStatus): string {
  if (bytesPerSecond === undefined) return "as fast as the line is";
  const mbps = bytesPerSecond / BYTES_PER_MBIT;
  return `at most ${mbps < 10 ? mbps.toFixed(1) : Math.round(mbps)} Mbit/s each way`;
}

function nowText({ links, streams, streamsOpened, load }: NodeStatus): string {
  return `${counted(links, "link")}, ${counted(streams, "stream")} (${streamsOpened} since the start), load ${Math.round(load * 100)} %`;
}

function policyTexts({ policy: { rules, acceptedPorts }, roles }: NodeStatus): readonly string[] {
  if (!roles.includes("exit")) return ["no targets are served: the node is no exit"];
  const shown = acceptedPorts
    .slice(0, PORT_RANGES)
    .map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`));
  const ports = shown.length === 0 ? "accepts nothing" : `accepts ports ${shown.join(", ")}`;
  return [
    `${ports}${andMore(acceptedPorts.length - PORT_RANGES)}`,
    ...rules.slice(0, RULES).map((rule, index) => `rule ${index + 1}: ${rule}`),
    ...(rules.length > RULES ? [`and ${rules.length - RULES} more rules`] : []),
  ];
}

function refusalTexts({ refusals }: NodeStatus): readonly string[] {
  if (refusals.length === 0) return ["nothing since the start"];
  const shown = refusals.slice(0, REFUSALS).map(({ by, count }) => `${count} by ${by}`);
  const rest = refusals.slice(REFUSALS).reduce((sum, { count }) => sum + count, 0);
  return rest === 0 ? shown : [...shown, `${rest} by others`];
}

/** One blocklist, in a sentence fragment. */
export function listText(
  { name, state, entries, unread, loadedAt, reason }: NodeStatus["blocklists"][number],
  nowMs: number,
): string {
  return [
    `${name}: ${state}, ${counted(entries, "entry", "entries")}`,
    ...(unread === 0 ? [] : [`${counted(unread, "line")} that cannot be read`]),
    ...(loadedAt === undefined ? [] : [`read ${age(Date.parse(loadedAt), nowMs)} ago`]),
    ...(reason === undefined ? [] : [reason]),
  ].join(", ");
}

function logText({ log: { state, reason, records, bytes, lost } }: NodeStatus): string {
  if (state === "off") return "off";
  const why = reason === undefined ? "" : ` (${reason})`;
  const written = `${counted(records, "record")} since the start, ${byteText(bytes)} in all`;
  return `${state}${why}: ${written}${lost === 0 ? "" : `, ${lost} lost`}`;
}

function andMore(count: number): string {
  return count > 0 ? ` and ${count} more ranges` : "";
}

/** `text` in lines of at most `width` characters, broken between words; a longer word has a line of its own. */
function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && longer.length > width) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line];
}
