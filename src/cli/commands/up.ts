import { existsSync } from "node:fs";
import type { Command } from "commander";
import { controlPath } from "../../api/control-path.ts";
import type { Clock } from "../../core/clock.ts";
import { toBywayError } from "../../core/errors.ts";
import { isLoopback } from "../../core/is-loopback.ts";
import type { Logger } from "../../core/logger.ts";
import { formatHostPort, type HostPort } from "../../core/network-address.ts";
import { BYTES_PER_MIB } from "../../core/units.ts";
import { checkLoopback } from "../../link/check-loopback.ts";
import { listenerOptions, plainClientOptions, recordsFile, routingOptions } from "../client-settings.ts";
import { addConstraintOptions, givenConstraints } from "../constraint-options.ts";
import { openDataDirectory } from "../data-directory.ts";
import { networkPart, storeFile } from "../directory-settings.ts";
import { isJson, jsonLine } from "../json-line.ts";
import { loadSettings } from "../load-settings.ts";
import { runService } from "../run-service.ts";
import { addSettingOptions } from "../setting-options.ts";
import type { Terminal } from "../terminal.ts";

/** Adds `byway up`: the client with its local proxy, until it is stopped. */
export function registerUp(program: Command, terminal: Terminal): void {
  const command = program.command("up").description("Run the local proxy: SOCKS5, SOCKS4a and HTTP on one port.");
  addConstraintOptions(command, { except: ["hops", "preset"] });
  addSettingOptions(command, "up").action(() => run(command, terminal));
}

async function run(command: Command, terminal: Terminal): Promise<void> {
  const { values, logger } = await loadSettings(terminal, command, "up");
  await openDataDirectory(values.data, terminal);
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
      ...listenerOptions(values, givenConstraints(command)),
      ...routingOptions(values),
      ...plainClientOptions(values),
      recordsPath: recordsFile(values.data, name),
      controlPath: controlPath(values.data, "control"),
      localNetwork,
      directory: joins ? directory : undefined,
      memoryBudgetBytes: values["memory-budget"] && values["memory-budget"] * BYTES_PER_MIB,
      logger,
    });
  await runService(terminal, start, async (client) => {
    await warnIfLoopbackIsDown(client.addresses, terminal.clock, logger);
    const [address = formatHostPort(values["client.listen"]), ...more] = client.addresses.map(formatHostPort);
    // With users, a request without one is refused: better no example than that one.
    const isOpen = values["client.users"].length === 0;
    const example = isOpen
      ? ` Try: curl -x socks5h://${address} https://example.com/`
      : " It asks for a user name and password.";
    terminal.writeOut(
      isJson(command)
        ? jsonLine({ ready: true, address, listeners: more })
        : `The proxy answers SOCKS and HTTP at ${address}.${example}\n${more.map((other) => `It answers at ${other} as well.\n`).join("")}`,
    );
    return undefined;
  });
}

/** The proxy listens all the same: whoever runs this may bring the interface up later. */
async function warnIfLoopbackIsDown(addresses: readonly HostPort[], clock: Clock, logger: Logger): Promise<void> {
  for (const host of new Set(addresses.map((address) => address.host).filter(isLoopback))) {
    try {
      await checkLoopback(host, { clock });
    } catch (error) {
      const { code, message, remedy } = toBywayError(error);
      logger.warn("programs on this machine cannot reach the proxy", { code, reason: message, remedy });
    }
  }
}
