import type { Command } from "commander";
import { controlPath } from "../../api/control-path.ts";
import { BywayError, toBywayError } from "../../core/errors.ts";
import { given } from "../../core/given.ts";
import { formatHostPort } from "../../core/network-address.ts";
import { BYTES_PER_MIB } from "../../core/units.ts";
import type { Role } from "../../node/role.ts";
import { openDataDirectory } from "../data-directory.ts";
import { networkPart } from "../directory-settings.ts";
import { isJson, jsonLine } from "../json-line.ts";
import { loadSettings } from "../load-settings.ts";
import { operatorOptions } from "../operator-options.ts";
import { keyFile } from "../paths.ts";
import { runService } from "../run-service.ts";
import { addSettingOptions } from "../setting-options.ts";
import type { Terminal } from "../terminal.ts";
import { registerNodeOrders } from "./node-orders.ts";
import { registerNodeReport } from "./node-report.ts";
import { registerNodeStatus } from "./node-status.ts";

/** Adds `byway node`: serves others until it is stopped. */
export function registerNode(program: Command, terminal: Terminal): void {
  const command = program
    .command("node")
    .description(
      "Serve other peers: forward their links (--relay), connect to targets for them (--exit), or only help peers to find each other.",
    );
  addSettingOptions(command, "node").action(() => run(command, terminal));
  registerNodeStatus(command, terminal);
  registerNodeOrders(command, terminal);
  registerNodeReport(command, terminal);
}

async function run(command: Command, terminal: Terminal): Promise<void> {
  const { values, logger } = await loadSettings(terminal, command, "node");
  const listen = values["node.listen"];
  if (listen === undefined) {
    throw new BywayError("ERR_USAGE_ARGUMENT", "byway node needs an address to listen on: --listen ip:port");
  }
  if (values["node.unlisted"] && values["node.advertisement-file"] === undefined) {
    logger.warn("nobody can find this node: it is unlisted and writes no advertisement file; add --advertisement-file");
  }
  await openDataDirectory(values.data, terminal);
  const [{ loadOrCreateIdentity }, { createNode }, { createOperatedNode }] = await Promise.all([
    import("../../identity/key-file.ts"),
    import("../../node/node.ts"),
    import("../../node/operated-node.ts"),
  ]);
  const roles = rolesOf(values["node.relay"], values["node.exit"]);
  const { directory, localNetwork } = await networkPart(values, logger);
  const identity = await loadOrCreateIdentity(keyFile(values.data));
  const create = () =>
    createNode({
      identity,
      listen,
      roles,
      dataDirectory: values.data,
      ...operatorOptions(values),
      localNetwork,
      directory: values["node.unlisted"] ? undefined : directory,
      geo: directory.geo,
      memoryBudgetBytes: values["memory-budget"] && values["memory-budget"] * BYTES_PER_MIB,
      logger,
    });
  const start = () =>
    createOperatedNode(
      { logger, create },
      { controlPath: controlPath(values.data, "node"), metrics: values["node.metrics"] },
    );
  await runService(terminal, start, ({ node, metrics }) => {
    terminal.onHangup(() => {
      const failed = (error: unknown): void =>
        logger.warn("SIGHUP: the blocklists could not be read again", { reason: toBywayError(error).message });
      node.operations.reload().then((lists) => logger.info("SIGHUP: read again", { blocklists: lists.length }), failed);
    });
    const address = formatHostPort(node.address);
    terminal.writeOut(
      isJson(command)
        ? jsonLine({
            ready: true,
            address,
            peerId: node.peerId,
            roles,
            bootstrap: node.bootstrap,
            ...given({ metrics: metrics && formatHostPort(metrics) }),
          })
        : [
            `Node ${node.peerId} serves at ${address} (${roles.join(", ")}).`,
            ...(roles[0] === "bootstrap"
              ? ["This node carries no traffic. Add --relay to forward links, --exit to connect to targets."]
              : []),
            ...(values["node.unlisted"] ? [] : [`Others join through it with --bootstrap ${node.bootstrap}`]),
            ...(metrics === undefined
              ? []
              : [`Figures for Prometheus are at http://${formatHostPort(metrics)}/metrics`]),
            "",
          ].join("\n"),
    );
    return node.drained.then(() => "done");
  });
}

/** Carrying what is others' is said with a switch of its own each; a node without either only tells peers of each other. */
function rolesOf(relay: boolean, exit: boolean): readonly Role[] {
  const roles: Role[] = [...(relay ? (["relay"] as const) : []), ...(exit ? (["exit"] as const) : [])];
  return roles.length === 0 ? ["bootstrap"] : roles;
}
