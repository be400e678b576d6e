import { existsSync } from "node:fs";
import type { Command } from "commander";
import { formatHostPort } from "../../core/network-address.ts";
import { openDataDirectory } from "../data-directory.ts";
import { networkPart, storeFile } from "../directory-settings.ts";
import { loadSettings } from "../load-settings.ts";
import { memoryBudget } from "../memory-budget.ts";
import { runService } from "../run-service.ts";
import { addSettingOptions } from "../setting-options.ts";
import type { Terminal } from "../terminal.ts";

/** Adds `byway up`: the client with its local proxy, until it is stopped. */
export function registerUp(program: Command, terminal: Terminal): void {
  const command = program.command("up").description("Run the local proxy: SOCKS5, SOCKS4a and HTTP on one port.");
  addSettingOptions(command, "up").action(() => run(command, terminal));
}

async function run(command: Command, terminal: Terminal): Promise<void> {
  const { values, logger } = await loadSettings(terminal, command, "up");
  await openDataDirectory(values.data);
  const { directory, localNetwork, name } = await networkPart(values, logger);
  const joins = (directory.bootstrap ?? []).length > 0 || existsSync(storeFile(values.data, name));
  if (!joins && values["client.peers"].length === 0) {
    logger.warn(
      "no way into the network is known, so every request will be refused: name a peer with --bootstrap or a network file",
      { network: name },
    );
  }
  const { createClient } = await import("../../client/client.ts");
  const start = () =>
    createClient({
      listen: values["client.listen"],
      peerFiles: values["client.peers"],
      hops: values["client.hops"],
      users: values["client.users"],
      spareCircuits: values["client.spare-circuits"],
      localNetwork,
      ...(joins ? { directory } : {}),
      sharedNetworks: values["client.shared-networks"],
      allowClassical: values["client.allow-classical"],
      ...memoryBudget(values["memory-budget"]),
      logger,
    });
  await runService(terminal, start, (client) => {
    const address = formatHostPort(client.address ?? values["client.listen"]);
    const isJson = command.optsWithGlobals<{ readonly json?: true }>().json === true;
    terminal.writeOut(
      isJson
        ? `${JSON.stringify({ ready: true, address })}\n`
        : `The proxy answers SOCKS and HTTP at ${address}. Try: curl -x socks5h://${address} https://example.com/\n`,
    );
    return undefined;
  });
}
