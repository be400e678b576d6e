import { type Command, InvalidArgumentError } from "commander";
import type { PickQuery } from "../../api/pick-query.ts";
import { BywayError } from "../../core/errors.ts";
import { systemRandom } from "../../core/random.ts";
import { funnelOf } from "../../dispatch/bounded-explanation.ts";
import type { Explanation } from "../../routing/explanation.ts";
import { askClient } from "../ask-client.ts";
import { routingOptions } from "../client-settings.ts";
import { addConstraintOptions, givenConstraints } from "../constraint-options.ts";
import { jsonLine } from "../json-line.ts";
import { type KnownPeersPlace, withKnownPeers } from "../known-peers.ts";
import { type LoadedSettings, loadSettings } from "../load-settings.ts";
import { addNetworkName } from "../network-name-option.ts";
import { pickOffline } from "../offline-pick.ts";
import { funnelText, type PickSource, pickText } from "../pick-report.ts";
import { addSettingOptions } from "../setting-options.ts";
import type { Terminal } from "../terminal.ts";

interface PickOptions {
  readonly port?: number;
  readonly user?: string;
  readonly networkName?: string;
  readonly json?: true;
}

/**
 * Adds `byway pick`: shows what routing would choose, and opens nothing. It asks the client that runs with the data directory,
 * or looks at what is stored there. With `--json`: `{"source": "running" | "stored", "explanation": Explanation}`;
 * where no node fits, the error on standard error has the funnel in `error.data.funnel`, and the exit code is 69.
 */
export function registerPick(program: Command, terminal: Terminal): void {
  const command = program
    .command("pick")
    .description("Show which nodes a request would get, and why. No connection is made.");
  addConstraintOptions(command)
    .option("--port <n>", "The target's port, which the exit must accept.", port)
    .option("--user <name>", "The user to whom the session belongs. Default: a user without a name.");
  addNetworkName(command);
  addSettingOptions(command, "network").action(() => run(command, terminal));
}

function port(text: string): number {
  const number = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (number < 1 || number > 65_535) throw new InvalidArgumentError("It must be a whole number from 1 to 65535.");
  return number;
}

async function run(command: Command, terminal: Terminal): Promise<void> {
  const settings = await loadSettings(terminal, command, "network");
  const { port, user, json, networkName } = command.optsWithGlobals<PickOptions>();
  const constraints = givenConstraints(command);
  const { protocol } = constraints;
  const query: PickQuery = {
    constraints,
    port,
    protocol,
    user,
  };
  try {
    const { explanation, source } = await choose(terminal, { ...settings, networkName, isJson: json === true }, query);
    terminal.writeOut(json === true ? jsonLine({ source, explanation }) : pickText(explanation, source));
  } catch (error) {
    const funnel = error instanceof BywayError && error.code === "ERR_NO_NODE" ? funnelOf(error.data) : undefined;
    if (funnel !== undefined && json !== true) {
      terminal.writeError(`Nodes that each constraint left:\n${funnelText(funnel)}\n`);
    }
    throw error;
  }
}

async function choose(
  terminal: Terminal,
  settings: LoadedSettings & Pick<KnownPeersPlace, "networkName"> & { readonly isJson: boolean },
  query: PickQuery,
): Promise<{ explanation: Explanation; source: PickSource }> {
  const isStored = settings.networkName !== undefined;
  const running = isStored ? undefined : await askRunning(terminal, settings.values.data, query);
  if (running !== undefined) return { explanation: running, source: "running" };
  const { hops, sharedNetworks, ...routing } = routingOptions(settings.values);
  const options = { ...routing, defaultHops: hops, sharedNetworks };
  const found = Promise.withResolvers<Explanation>();
  await withKnownPeers(terminal, settings, ({ peers, remark }) => {
    if (remark !== undefined && !settings.isJson) terminal.writeError(`${remark}\n`);
    found.resolve(pickOffline({ book: peers?.book, random: systemRandom, clock: terminal.clock }, query, options));
  });
  return { explanation: await found.promise, source: "stored" };
}

/** What the client that runs here would choose; undefined where none runs. */
async function askRunning(terminal: Terminal, data: string, query: PickQuery): Promise<Explanation | undefined> {
  try {
    return await askClient(terminal, data, (client, signal) => client.pick(query, signal));
  } catch (error) {
    if (error instanceof BywayError && error.code === "ERR_CONTROL" && error.data.running === false) return undefined;
    throw error;
  }
}
