import { isIP } from "node:net";
import type { Command } from "commander";
import { errorRow } from "../../core/error-table.ts";
import { BywayError, toBywayError } from "../../core/errors.ts";
import type { HostPort } from "../../core/network-address.ts";
import { plainText } from "../../core/plain-text.ts";
import type { Blocklists } from "../../egress/blocklist/blocklists.ts";
import { parseAuthority } from "../../wire/authority.ts";
import { askNode } from "../ask-node.ts";
import { isJson } from "../json-line.ts";
import { type LoadedSettings, loadSettings } from "../load-settings.ts";
import { operatorOptions } from "../operator-options.ts";
import { blocklistDirectory } from "../paths.ts";
import { addSettingOptions } from "../setting-options.ts";
import type { Terminal } from "../terminal.ts";

interface TestOptions {
  readonly udp?: true;
  readonly resolve: boolean;
}

const WEB_PORT = 443;

/** Adds `byway policy show|test`. */
export function registerPolicy(program: Command, terminal: Terminal): void {
  const policy = program.command("policy").description("Show and test what an exit's policy accepts.");
  const show = policy
    .command("show")
    .description("Show the rules as Byway reads them, the sets of ports, and what the node advertises.");
  addSettingOptions(show, "policy").action(() => runShow(show, terminal));
  const test = policy
    .command("test")
    .description("Say whether the exit serves a target, and which rule, list or guard decides.")
    .argument("<host:port>", "The target. The port is 443 if you name none. Names are looked up as the exit does.")
    .option("--udp", "Ask about UDP instead of TCP.")
    .option("--no-resolve", "Do not look up names. If the answer depends on the address, say so.");
  addSettingOptions(test, "policy").action((target: string, options: TestOptions) =>
    runTest(test, terminal, target, options),
  );
}

async function runShow(command: Command, terminal: Terminal): Promise<void> {
  const { values } = await loadSettings(terminal, command, "policy");
  const [{ parsePolicy }, { ExitPolicy }, { advertisedPolicy }, { policyJson, policyText }] = await Promise.all([
    import("../../egress/policy/parse-policy.ts"),
    import("../../egress/policy/exit-policy.ts"),
    import("../../egress/policy/advertised-policy.ts"),
    import("../policy-report.ts"),
  ]);
  const policy = new ExitPolicy(parsePolicy(values["node.policy"]));
  const shown = { lines: policy.lines, advertised: advertisedPolicy(policy, values["node.allow-targets"]) };
  terminal.writeOut(isJson(command) ? policyJson(shown) : policyText(shown));
}

async function runTest(command: Command, terminal: Terminal, asked: string, options: TestOptions): Promise<void> {
  const settings = await loadSettings(terminal, command, "policy");
  const target = parseAuthority(withPort(asked));
  const { clock } = terminal;
  const [{ createTargetCheck }, { judgementJson, judgementText }] = await Promise.all([
    import("../../egress/create-target-check.ts"),
    import("../policy-report.ts"),
  ]);
  const lists = await openLists(terminal, settings);
  const { values, logger } = settings;
  const { check, stop } = await createTargetCheck(
    { clock, logger, lists },
    {
      listeners: listenersOf(values),
      seen: await seenByNode(terminal, values.data),
      policy: values["node.policy"],
      allowTargets: values["node.allow-targets"],
      dnsServers: values["node.dns-servers"],
      resolves: options.resolve,
    },
  );
  const controller = new AbortController();
  void terminal.stopRequest.then(() => controller.abort(new BywayError("ERR_ABORTED", "the test was stopped")));
  try {
    const judged = await check.judge(target, options.udp === true ? "udp" : "tcp", controller.signal);
    terminal.writeOut(isJson(command) ? judgementJson(judged) : judgementText(judged));
    for (const name of lists?.missing ?? []) {
      terminal.writeError(`The exit stays closed for all targets until the blocklist ${plainText(name)} is there.\n`);
    }
    const { refusal } = judged.decision ?? {};
    // What is said to clients, and what they could do, is of no use to the operator who asks.
    if (refusal !== undefined) terminal.endWith(errorRow(refusal.code).exit);
  } finally {
    await Promise.all([stop(), lists?.stop()]);
  }
}

/** Where others see the node that runs with this data; nothing where none runs. */
async function seenByNode(terminal: Terminal, data: string): Promise<readonly string[]> {
  try {
    return (await askNode(terminal, data, (node, signal) => node.status(signal))).seenAddresses;
  } catch (error) {
    const { code, data: facts, message } = toBywayError(error);
    if (code !== "ERR_CONTROL") throw error;
    if (facts.running !== false)
      terminal.writeError(`Where others see the node is not known: ${plainText(message)}.\n`);
    return [];
  }
}

/** Where a node with these settings listens, and what it tells others of that: all of it is closed to targets. */
function listenersOf(values: LoadedSettings["values"]): readonly HostPort[] {
  return [values["node.listen"], values["node.advertise"], values["node.notice-listen"]].filter(
    (place) => place !== undefined,
  );
}

/** A target as people type it: a name alone is one of the web. */
function withPort(asked: string): string {
  if (isIP(asked) === 6) return `[${asked}]:${WEB_PORT}`;
  return /^(?:[^:[\]]+|\[[^\]]*\])$/.test(asked) ? `${asked}:${WEB_PORT}` : asked;
}

/** The blocklists that the settings name, loaded, which the caller stops; undefined where they name none. */
async function openLists(
  terminal: Pick<Terminal, "clock">,
  { values, logger }: Pick<LoadedSettings, "values" | "logger">,
): Promise<Blocklists | undefined> {
  const { blocklists: lists = [] } = operatorOptions(values);
  if (lists.length === 0) return undefined;
  const { Blocklists } = await import("../../egress/blocklist/blocklists.ts");
  const opened = new Blocklists(
    { clock: terminal.clock, logger },
    { lists, cacheDirectory: blocklistDirectory(values.data) },
  );
  await opened.start();
  return opened;
}
