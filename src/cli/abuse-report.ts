import { counted } from "../core/counted.ts";
import { plainText } from "../core/plain-text.ts";
import type { StreamSummary } from "../egress/accountability/target-summary.ts";
import { textTable } from "./text-table.ts";

/** What an abuse desk is told. Plain JSON; times are ISO 8601. */
export interface AbuseReport {
  readonly peerId: string;
  /** Whether roles, policy and contact are those of the node that runs; otherwise the configuration's. */
  readonly running: boolean;
  readonly relay: boolean;
  readonly exit: boolean;
  readonly policy: readonly string[];
  readonly contact?: string;
  readonly writtenAt: string;
  readonly from: string;
  readonly to: string;
  readonly target?: string;
  readonly log: {
    readonly setting: "required" | "best-effort" | "off";
    readonly days: number;
    readonly records: number;
    readonly verified: boolean;
    readonly flaw?: string;
  };
  readonly streams: StreamSummary;
}

const WHAT =
  "This machine is a node of Byway, a network in which people send their requests through one another. Requests that come from its address were made by others: the node passes bytes on, and neither makes nor chooses nor keeps them.";
const NOT_KEPT =
  "The node keeps none of these: who made a request, their address, what was sent or received, paths, host names inside encrypted connections, and credentials. Links to it have random names that change each day and lead back to nobody.";

/** The report as a letter's text. */
export function abuseReportText(report: AbuseReport): string {
  const { contact, policy, from, to, target, log } = report;
  return [
    `Byway node ${report.peerId}, written ${report.writtenAt}`,
    "",
    WHAT,
    "",
    `Roles ${report.running ? "of the node that runs" : "by its configuration"}: ${rolesText(report)}.`,
    ...(report.exit
      ? [
          "Targets that it serves, the first rule that matches decides:",
          ...policy.map((rule) => `  ${plainText(rule)}`),
        ]
      : []),
    "",
    `What was forwarded from ${from} to ${to}${target === undefined ? "" : ` to ${plainText(target)}`}:`,
    ...streamLines(report),
    "",
    logText(log),
    "",
    NOT_KEPT,
    "",
    contact === undefined
      ? "The operator has named no address (node.contact)."
      : `To reach the operator: ${plainText(contact)}`,
    "",
  ].join("\n");
}

function rolesText({ relay, exit }: AbuseReport): string {
  if (exit) return relay ? "relay and exit" : "exit";
  return relay ? "relay" : "none that carries traffic";
}

function streamLines({ streams, target }: AbuseReport): readonly string[] {
  if (streams.streams === 0 && streams.first === undefined) return ["  nothing"];
  const { first = "", last = "" } = streams;
  const lines = [
    `  ${counted(streams.streams, "stream")}, ${streams.failed} of which failed; ${streams.bytesUp} bytes to the target, ${streams.bytesDown} from it`,
    ...(streams.proofs === 0
      ? []
      : [
          `  ${counted(streams.proofs, "connection")} to see whether a node of the network was there, which carried nothing`,
        ]),
    `  first ${first}, last ${last}`,
  ];
  if (target === undefined) return lines;
  const rows = streams.shown.map((stream) => [
    stream.time,
    stream.protocol,
    plainText(stream.target),
    stream.address ?? "-",
    String(stream.fromPort ?? "-"),
    String(stream.bytesUp ?? "-"),
    String(stream.bytesDown ?? "-"),
    stream.result,
  ]);
  const table = textTable(
    ["time", "protocol", "target", "address", "from port", "bytes up", "bytes down", "result"],
    rows,
  );
  const rest = streams.streams + streams.proofs - rows.length;
  return [
    ...lines,
    "",
    ...table
      .trimEnd()
      .split("\n")
      .map((line) => `  ${line}`),
    ...(rest > 0 ? [`  and ${rest} before them`] : []),
  ];
}

function logText({ setting, days, records, verified, flaw }: AbuseReport["log"]): string {
  if (records === 0) return `There is no accountability log (node.log is ${setting}).`;
  const kept = `${records} records, kept for ${days} days, each bound to the one before by its hash and signed by the node.`;
  return verified
    ? `The accountability log was verified just now: ${kept} A part of it can be handed over: byway log export.`
    : `THE ACCOUNTABILITY LOG IS FLAWED, so do not rely on the above: ${flaw ?? "unknown"}`;
}
