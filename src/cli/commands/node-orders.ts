import type { Command } from "commander";
import { BywayError } from "../../core/errors.ts";
import { plainText } from "../../core/plain-text.ts";
import type { NodeStatus } from "../../operation/node-status.ts";
import { askNode } from "../ask-node.ts";
import { jsonLine } from "../json-line.ts";
import { loadSettings } from "../load-settings.ts";
import { listText } from "../node-report.ts";
import { nodeSentence } from "../node-sentence.ts";
import { nodeSubCommand } from "../node-sub-command.ts";
import type { Terminal } from "../terminal.ts";
import { waitForDrain } from "../wait-for-drain.ts";

interface OrderOptions {
  readonly json?: true;
  readonly wait?: boolean;
}

/**
 * Adds `byway node pause`, `resume`, `drain` and `reload`, which steer the node that runs with the data directory. With
 * `--json`: a NodeStatus; of `reload` `{"blocklists": […]}`, and of a `drain` that was waited for `{"stopped": true}`.
 */
export function registerNodeOrders(node: Command, terminal: Terminal): void {
  const add = (name: "pause" | "resume", description: string): void => {
    const command = nodeSubCommand(node, name, description);
    command.action(() => change(command, terminal, name));
  };
  add("pause", "Take no new streams and links until `byway node resume`, also after a restart. Open streams go on.");
  add("resume", "Serve again after a pause, or cancel a drain.");
  const drain = nodeSubCommand(node, "drain", "Take nothing new, and stop the node after its last stream.").option(
    "--no-wait",
    "Do not wait for the node to stop.",
  );
  drain.action(() => runDrain(drain, terminal));
  const reload = nodeSubCommand(node, "reload", "Read all blocklists again. Open streams go on.");
  reload.action(() => runReload(reload, terminal));
}

async function change(command: Command, terminal: Terminal, name: "pause" | "resume" | "drain"): Promise<void> {
  const { values } = await loadSettings(terminal, command, "data");
  const { json } = command.optsWithGlobals<OrderOptions>();
  const status = await askNode(terminal, values.data, (node, signal) => node[name](signal));
  terminal.writeOut(json === true ? jsonLine(status) : `${nodeSentence(status, terminal.clock.nowMs())}\n`);
}

async function runDrain(command: Command, terminal: Terminal): Promise<void> {
  const { json, wait } = command.optsWithGlobals<OrderOptions>();
  if (wait === false) {
    await change(command, terminal, "drain");
    return;
  }
  const { values } = await loadSettings(terminal, command, "data");
  await askNode(terminal, values.data, (node, signal) => waitForDrain(terminal, node, signal));
  terminal.writeOut(json === true ? jsonLine({ stopped: true }) : "The node has stopped.\n");
}

function blocklistsText(blocklists: NodeStatus["blocklists"], nowMs: number): string {
  if (blocklists.length === 0) return "The node has no blocklists.\n";
  return `${blocklists.map((list) => plainText(listText(list, nowMs))).join("\n")}\n`;
}

async function runReload(command: Command, terminal: Terminal): Promise<void> {
  const { values } = await loadSettings(terminal, command, "data");
  const { json } = command.optsWithGlobals<OrderOptions>();
  if (terminal.errorIsTty) terminal.writeError("Reading the blocklists …\n");
  const blocklists = await askNode(terminal, values.data, (node, signal) => node.reload(signal));
  terminal.writeOut(json === true ? jsonLine({ blocklists }) : blocklistsText(blocklists, terminal.clock.nowMs()));
  const failed = blocklists.find(({ state }) => state !== "loaded");
  if (failed !== undefined) {
    throw new BywayError(
      "ERR_BLOCKLIST",
      `the blocklist ${failed.name} was not read (${failed.reason ?? failed.state})`,
    );
  }
}
