import type { Command } from "commander";
import type { NodeStatus } from "../../operation/node-status.ts";
import { askNode } from "../ask-node.ts";
import { isJson, jsonLine } from "../json-line.ts";
import { loadSettings } from "../load-settings.ts";
import { nodeText } from "../node-report.ts";
import { nodeSubCommand } from "../node-sub-command.ts";
import type { Terminal } from "../terminal.ts";

/** sysexits(3) EX_TEMPFAIL: the node runs, and takes nothing new for now. */
const EX_TEMPFAIL = 75;

/**
 * Adds `byway node status`, which asks the node that runs with the data directory. With `--json`: a NodeStatus.
 * The exit code is 0 while the node serves, 75 while it is paused, draining or closed, and 69 where none runs.
 */
export function registerNodeStatus(node: Command, terminal: Terminal): void {
  const status = nodeSubCommand(
    node,
    "status",
    "Show the state of the node that runs here: whether others reach it, what it carries, what it refuses, and how to fix what is wrong. The exit code is 0 while it serves, 75 while it takes nothing new, and 69 if no node runs.",
  );
  status.action(() => run(status, terminal));
}

async function run(command: Command, terminal: Terminal): Promise<void> {
  const { values } = await loadSettings(terminal, command, "data");
  const status = await askNode(terminal, values.data, (node, signal) => node.status(signal));
  terminal.writeOut(isJson(command) ? jsonLine(status) : nodeText(status, terminal.clock.nowMs()));
  if (!isServing(status)) terminal.endWith(EX_TEMPFAIL);
}

function isServing({ serving }: NodeStatus): boolean {
  return serving.state === "serving";
}
