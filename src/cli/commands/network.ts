import type { Command } from "commander";
import { BywayError, systemCode } from "../../core/errors.ts";
import { DIRECTORY_STATE } from "../../discovery/directory-state.ts";
import type { PeerCounts } from "../../peers/peer-counts.ts";
import { replaceFile } from "../../storage/replace-file.ts";
import { openDataDirectory } from "../data-directory.ts";
import { isJson, jsonLine } from "../json-line.ts";
import { withKnownPeers } from "../known-peers.ts";
import { loadSettings } from "../load-settings.ts";
import { chosenNetwork, installedNetworkFile, readNetworkFile } from "../network-file.ts";
import { addNetworkName } from "../network-name-option.ts";
import { type NetworkView, networkJson, networkText, readDirectoryState } from "../network-report.ts";
import { addSettingOptions } from "../setting-options.ts";
import type { Terminal } from "../terminal.ts";

/** Adds `byway network show|use|stats`. */
export function registerNetwork(program: Command, terminal: Terminal): void {
  const network = program.command("network").description("Show and choose the network to join, and look at it.");
  const show = network
    .command("show")
    .description("Show the network that `up` and `node` join, and the file that says so.");
  addSettingOptions(show, "network").action(() => runShow(show, terminal));
  const use = network
    .command("use <file>")
    .description("Check a network file and keep it in the data directory, so that `up` and `node` join that network.");
  addSettingOptions(use, "network").action((file: string) => runUse(use, terminal, file));
  const stats = network
    .command("stats")
    .description("Count the nodes that this peer knows, and estimate how many it does not.");
  addNetworkName(stats);
  addSettingOptions(stats, "network").action(() => runStats(stats, terminal));
}

async function runStats(command: Command, terminal: Terminal): Promise<void> {
  const settings = await loadSettings(terminal, command, "network");
  const { networkName } = command.opts<{ readonly networkName?: string }>();
  await withKnownPeers(terminal, { ...settings, networkName }, ({ network, peers, remark }) => {
    const view: NetworkView = {
      network,
      counts: peers?.book.counts() ?? NO_PEERS,
      state: readDirectoryState(peers?.store.readState(DIRECTORY_STATE)),
      refused: peers?.book.rejections.counts() ?? {},
    };
    terminal.writeOut(isJson(command) ? networkJson(view) : networkText(view, terminal.clock.nowMs()));
    if (remark !== undefined && !isJson(command)) terminal.writeError(`${remark}\n`);
  });
}

const NO_PEERS: PeerCounts = {
  peers: 0,
  seenLastHour: 0,
  reached: 0,
  contradicted: 0,
  upMbps: 0,
  downMbps: 0,
  countries: new Map(),
  networks: new Map(),
  roles: new Map(),
  software: new Map(),
};

async function runShow(command: Command, terminal: Terminal): Promise<void> {
  const { values } = await loadSettings(terminal, command, "network");
  const { network, path } = await chosenNetwork(values);
  if (isJson(command)) {
    terminal.writeOut(jsonLine({ ...network, path: path ?? null }));
    return;
  }
  const list = (items: readonly string[]): string => (items.length === 0 ? "none" : items.join(`\n${" ".repeat(15)}`));
  terminal.writeOut(
    [
      `network        ${network.name}`,
      `said by        ${path ?? "no file: this is the built-in network"}`,
      `kind           ${network.localNetwork ? "local: loopback and private addresses" : "public addresses"}`,
      `bootstrap      ${list(network.bootstrap)}`,
      `trust anchors  ${list(network.trustAnchors)}`,
      "",
    ].join("\n"),
  );
}

async function runUse(command: Command, terminal: Terminal, file: string): Promise<void> {
  const { values } = await loadSettings(terminal, command, "network");
  const { network, text } = await readNetworkFile(file);
  await openDataDirectory(values.data, terminal);
  const path = installedNetworkFile(values.data);
  try {
    await replaceFile(path, text, 0o644);
  } catch (cause) {
    throw new BywayError("ERR_DATA_DIRECTORY", `cannot write ${path} (${systemCode(cause)})`, { cause });
  }
  terminal.writeOut(
    isJson(command)
      ? jsonLine({ ...network, path })
      : `\`byway up\` and \`byway node\` join the network ${network.name} from now on (${path}).\n`,
  );
}
