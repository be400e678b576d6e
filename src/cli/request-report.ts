import { plainText } from "../core/plain-text.ts";
import type { RequestLine, RequestRecord } from "../dispatch/request-record.ts";
import type { SearchReport } from "../dispatch/search-memory.ts";
import { explanationText, funnelText } from "./pick-report.ts";
import { shortBytes, shortMs, shortPeer, shortText } from "./short-text.ts";
import { age, textTable } from "./text-table.ts";

const COLUMNS = 100;
const LEAST_TARGET = 24;
/** Room for a country and a session. */
const ASKED = 24;
const MESSAGE = 60;
// Of stages that are measured one by one.
const ROUNDING_MS = 1;
const HEADS = ["ago", "id", "exit", "hops", "took", "up/down", "retries", "outcome", "asked", "target"] as const;

/** One line for each request, in 100 columns unless an outcome and what was asked for are long. */
export function requestsText(requests: readonly RequestLine[], nowMs: number): string {
  if (requests.length === 0) return "No request was made yet.\n";
  const rows = requests.map((request) => [
    age(request.startedAtMs, nowMs),
    request.id,
    exitText(request.exit),
    request.hops === 0 ? "-" : String(request.hops),
    shortMs(request.ms),
    `${shortBytes(request.sentBytes)}/${shortBytes(request.receivedBytes)}`,
    request.retries === 0 ? "-" : String(request.retries),
    request.error ?? request.state,
    shortText(askedText(request), ASKED),
  ]);
  const used = HEADS.slice(0, -1).map((head, column) =>
    Math.max(head.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const room = Math.max(LEAST_TARGET, COLUMNS - used.reduce((sum, width) => sum + width + 2, 0));
  return textTable(
    HEADS,
    rows.map((row, index) => [...row.map(plainText), shortText(targetText(requests[index]), room)]),
  );
}

/** What searches of the network came to; "" where there was none. */
export function searchesText({ begun, vain, spared }: SearchReport): string {
  if (begun === 0) return "";
  const times = begun === 1 ? "once" : `${begun} times`;
  const refused =
    spared === 0 ? "" : `; ${spared} requests were refused without a search, since one like it had just failed`;
  return `\nNo known node fitted, so the network was searched ${times}; ${vain} of these found no node${refused}.\n`;
}

/** What a request asked for; where nothing in it was understood, the user name as it came. */
function askedText({ constraints, user }: RequestLine): string {
  return constraints !== "" ? constraints : user === "" ? "-" : user;
}

function targetText(request: Pick<RequestLine, "target" | "protocol"> | undefined): string {
  if (request === undefined) return "";
  if (request.target === "") return "-";
  return request.protocol === "udp" ? `${request.target} (udp)` : request.target;
}

function exitText(exit: RequestLine["exit"]): string {
  return exit === null ? "-" : `${shortText(exit.country ?? "-", 2)} ${shortPeer(exit.peerId)}`;
}

/** All that is known of one request, for people. */
export function requestText(record: RequestRecord, nowMs: number): string {
  const { user, listener, constraints, moved, route, routedMs, timings, attempts, retries, explanation } = record;
  const origin = `${user === "" ? "nobody named" : plainText(user)}, ${listener === "" ? "through the library" : `at ${plainText(listener)}`}`;
  const lines = [
    `request    ${plainText(record.id)}`,
    `target     ${plainText(targetText(record))}`,
    `asked by   ${origin}`,
    `asked for  ${constraints === "" ? "nothing in particular" : plainText(constraints)}`,
    `began      ${new Date(record.startedAtMs).toISOString()}, ${age(record.startedAtMs, nowMs)} ago`,
    `outcome    ${outcomeText(record)}`,
    ...(routedMs === undefined ? [] : [`way found  after ${shortMs(routedMs)}`]),
    `bytes      ${record.sentBytes} to the target, ${record.receivedBytes} from it`,
    ...(moved === undefined
      ? []
      : [`session    its exit changed (${plainText(moved.reason)}); before: ${plainText(moved.from)}`]),
  ];
  const blocks = [`${lines.join("\n")}\n`];
  if (route !== undefined) {
    const hops = route.hops.map(({ peerId, country, asn }, index) => [
      `  ${index + 1}`,
      plainText(country ?? "-"),
      asn === undefined ? "-" : String(asn),
      plainText(peerId),
    ]);
    blocks.push(textTable(["hop", "country", "as", "peer id"], hops));
  }
  if (timings.length > 0) {
    const stages = timings.map(({ hop, stage, ms }) => [`  ${hop}`, shortText(stage, 40), shortMs(ms)]);
    const isOlder = timings.reduce((sum, { ms }) => sum + ms, 0) > (routedMs ?? 0) + ROUNDING_MS;
    const note = isOlder ? "The circuit was already open: it was built before this request.\n" : "";
    blocks.push(`${textTable(["hop", "stage", "took"], stages)}${note}`);
  }
  if (attempts.length > 0) {
    const failed = attempts.map(({ ms, peerId, code, message }) => [
      shortMs(ms),
      peerId === undefined ? "-" : shortPeer(peerId),
      plainText(code),
      shortText(message, MESSAGE),
    ]);
    const more = retries > attempts.length ? `and ${retries - attempts.length} more\n` : "";
    blocks.push(`${textTable(["after", "node", "failed with", ""], failed)}${more}`);
  }
  const funnel = record.error?.funnel;
  if (funnel !== undefined) blocks.push(`Nodes that each constraint left:\n${funnelText(funnel)}`);
  if (explanation !== undefined) blocks.push(explanationText(explanation));
  return blocks.join("\n");
}

function outcomeText({ state, ms, error }: RequestRecord): string {
  switch (state) {
    case "opening":
      return `no way yet after ${shortMs(ms)}`;
    case "open":
      return `open for ${shortMs(ms)}`;
    case "done":
      return `done after ${shortMs(ms)}`;
    default: {
      const why = error === undefined ? "" : `: ${plainText(error.message)} (${plainText(error.code)})`;
      return `failed after ${shortMs(ms)}${why}`;
    }
  }
}
