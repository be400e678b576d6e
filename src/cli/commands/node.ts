import type { Command } from "commander";
import { BywayError } from "../../core/errors.ts";
import { formatHostPort } from "../../core/network-address.ts";
import { openDataDirectory } from "../data-directory.ts";
import { networkPart } from "../directory-settings.ts";
import { loadSettings } from "../load-settings.ts";
import { memoryBudget } from "../memory-budget.ts";
import { keyFile } from "../paths.ts";
import { runService } from "../run-service.ts";
import { addSettingOptions } from "../setting-options.ts";
import type { Terminal } from "../terminal.ts";

/** Adds `byway node`: serves others until it is stopped. */
export function registerNode(program: Command, terminal: Terminal): void {
  const command = program
    .command("node")
    .description("Serve other peers: carry their links onward, and connect to targets for them.");
  addSettingOptions(command, "node").action(() => run(command, terminal));
}

async function run(command: Command, terminal: Terminal): Promise<void> {
  const { values, logger } = await loadSettings(terminal, command, "node");
  const listen = values["node.listen"];
  if (listen === undefined) {
    throw new BywayError("ERR_USAGE_ARGUMENT", "byway node needs an address to listen on: --listen ip:port");
  }
  if (values["node.unlisted"] && values["node.advertisement-file"] === undefined) {
    logger.warn("nobody can find this node: it is unlisted, and no --advertisement-file is named to give to others");
  }
  await openDataDirectory(values.data);
  const [{ loadOrCreateIdentity }, { createNode }] = await Promise.all([
    import("../../identity/key-file.ts"),
    import("../../node/node.ts"),
  ]);
  const { directory, localNetwork } = await networkPart(values, logger);
  const identity = await loadOrCreateIdentity(keyFile(values.data));
  const claims = {
    country: values["node.country"],
    region: values["node.region"],
    city: values["node.city"],
    asn: values["node.asn"],
    isp: values["node.isp"],
    network: values["node.network"],
  };
  const start = () =>
    createNode({
      identity,
      listen,
      roles: values["node.roles"],
      bindEgress: values["node.bind-egress"],
      allowTargets: values["node.allow-targets"],
      ...given({
        advertise: values["node.advertise"],
        advertisementFile: values["node.advertisement-file"],
        contact: values["node.contact"],
        capacityMbps: values["node.capacity-mbps"],
      }),
      claims: given(claims),
      price: given({ perGib: values["node.price-per-gib"], perRequest: values["node.price-per-request"] }),
      family: values["node.family"],
      localNetwork,
      ...(values["node.unlisted"] ? {} : { directory }),
      ...(values["node.dns-servers"].length === 0 ? {} : { dnsServers: values["node.dns-servers"] }),
      closedPorts: values["node.closed-ports"],
      workers: values["node.workers"],
      ...memoryBudget(values["memory-budget"]),
      logger,
    });
  await runService(terminal, start, (node) => {
    const address = formatHostPort(node.address);
    const isJson = command.optsWithGlobals<{ readonly json?: true }>().json === true;
    terminal.writeOut(
      isJson
        ? `${JSON.stringify({ ready: true, address, peerId: node.peerId, roles: values["node.roles"], bootstrap: node.bootstrap })}\n`
        : [
            `Node ${node.peerId} serves at ${address} (${values["node.roles"].join(", ")}).`,
            ...(values["node.unlisted"] ? [] : [`Others join through it with --bootstrap ${node.bootstrap}`]),
            "",
          ].join("\n"),
    );
    return undefined;
  });
}

type Given<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };

/** `fields` without those that are undefined. */
function given<T extends object>(fields: T): Given<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Given<T>;
}
