import type { Command } from "commander";
import type { Settings } from "../../config/schema.ts";
import { toBywayError } from "../../core/errors.ts";
import { parseLogTarget } from "../../egress/accountability/log-target.ts";
import { TargetSummary } from "../../egress/accountability/target-summary.ts";
import { verifyLog } from "../../egress/accountability/verify-log.ts";
import { loadIdentity } from "../../identity/key-file.ts";
import { type AbuseReport, abuseReportText } from "../abuse-report.ts";
import { askNode } from "../ask-node.ts";
import { jsonLine } from "../json-line.ts";
import { CLI_LIMITS } from "../limits.ts";
import { loadSettings } from "../load-settings.ts";
import { nodeSubCommand } from "../node-sub-command.ts";
import { keyFile } from "../paths.ts";
import { addSettingOptions } from "../setting-options.ts";
import type { Terminal } from "../terminal.ts";
import { readTime } from "../time-option.ts";

interface ReportOptions {
  readonly json?: true;
  readonly from?: string;
  readonly to?: string;
  readonly target?: string;
}

/**
 * Adds `report` to the command `byway node`: a text for an abuse desk, from the accountability log and the node, or its configuration,
 * whether the node runs or not. With `--json`: `{"report": AbuseReport}`.
 */
export function registerNodeReport(node: Command, terminal: Terminal): void {
  const report = nodeSubCommand(
    node,
    "report",
    "Print a summary for an abuse desk: what this machine is, and what it forwarded, when and to which target.",
  )
    .option("--from <time>", "Begin of the time: ISO 8601, or how long ago, such as 90m, 12h or 2d. (default: 2d)")
    .option("--to <time>", "End of the time, in the same form. (default: now)")
    .option("--target <host[:port]>", "The name or address that the complaint is about.");
  addSettingOptions(report, "log").action(() => run(report, terminal));
}

async function run(command: Command, terminal: Terminal): Promise<void> {
  const { values } = await loadSettings(terminal, command, "log");
  const { json, from, to, target } = command.optsWithGlobals<ReportOptions>();
  const nowMs = terminal.clock.nowMs();
  const fromMs = readTime(from ?? "2d", nowMs);
  const toMs = to === undefined ? nowMs : readTime(to, nowMs);
  const summary = new TargetSummary({
    fromMs,
    toMs,
    // Without a target nobody's streams are listed.
    most: target === undefined ? 0 : CLI_LIMITS.reportedStreams.value,
    matches: target === undefined ? undefined : parseLogTarget(target),
  });
  const { peerId } = await loadIdentity(keyFile(values.data));
  const node = await runningNode(terminal, values.data);
  const verdict = await verifyLog(values.data, { peer: peerId }, (chain) => (record) => summary.add(chain, record));
  const [flaw] = [...verdict.flaws, ...verdict.missing];
  const report: AbuseReport = {
    peerId,
    ...(node?.facts ?? configured(values)),
    writtenAt: new Date(nowMs).toISOString(),
    from: new Date(fromMs).toISOString(),
    to: new Date(toMs).toISOString(),
    ...(target === undefined ? {} : { target }),
    log: {
      setting: node?.isLogged === false ? "off" : values["node.log"],
      days: values["node.log-days"],
      records: verdict.chains.reduce((sum, { records }) => sum + records, 0),
      verified: flaw === undefined,
      ...(flaw === undefined ? {} : { flaw: `${flaw.file}, line ${flaw.line}: ${flaw.message}` }),
    },
    streams: summary.summary,
  };
  terminal.writeOut(json === true ? jsonLine({ report }) : abuseReportText(report));
}

type NodeFacts = Pick<AbuseReport, "running" | "relay" | "exit" | "policy" | "contact">;

function configured(values: Settings): NodeFacts {
  const contact = values["node.contact"];
  return {
    running: false,
    relay: values["node.relay"],
    exit: values["node.exit"],
    policy: values["node.policy"],
    ...(contact === undefined ? {} : { contact }),
  };
}

/** What the node that runs says of itself: flags and the environment of its start are not known here. */
async function runningNode(
  terminal: Terminal,
  dataDirectory: string,
): Promise<{ readonly facts: NodeFacts; readonly isLogged: boolean } | undefined> {
  try {
    const { roles, policy, contact, log } = await askNode(terminal, dataDirectory, (node, signal) =>
      node.status(signal),
    );
    const facts = { running: true, relay: roles.includes("relay"), exit: roles.includes("exit"), policy: policy.rules };
    return { facts: { ...facts, ...(contact === undefined ? {} : { contact }) }, isLogged: log.state !== "off" };
  } catch (error) {
    if (toBywayError(error).code === "ERR_CONTROL") return undefined;
    throw error;
  }
}
