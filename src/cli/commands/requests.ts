import { type Command, InvalidArgumentError } from "commander";
import { DISPATCH_LIMITS } from "../../dispatch/limits.ts";
import { askClient } from "../ask-client.ts";
import { jsonLine } from "../json-line.ts";
import { loadSettings } from "../load-settings.ts";
import { requestsText, requestText, searchesText } from "../request-report.ts";
import { addSettingOptions } from "../setting-options.ts";
import type { Terminal } from "../terminal.ts";

interface RequestsOptions {
  readonly limit: number;
  readonly json?: true;
}

const SHOWN = 20;

/**
 * Adds `byway requests` and `byway requests show`, which ask the client that runs with the data directory.
 * With `--json`: `{"requests": [RequestLine, …], "searches": SearchReport}`, the last request first, and
 * `{"request": RequestRecord}`.
 */
export function registerRequests(program: Command, terminal: Terminal): void {
  const requests = program
    .command("requests")
    .description("List the latest requests of the client that runs here: path, time, bytes, retries and outcome.")
    .option("--limit <n>", "The most requests to list. The latest come first.", limit, SHOWN);
  addSettingOptions(requests, "data").action(() => runList(requests, terminal));
  const show = requests
    .command("show <id>")
    .description("Show one request: each hop and stage, what failed, and why these nodes were chosen.");
  show.action((id: string) => runShow(show, terminal, id));
}

function limit(text: string): number {
  const most = DISPATCH_LIMITS.loggedRequests.value;
  const count = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > most) throw new InvalidArgumentError(`It must be a whole number from 1 to ${most}.`);
  return count;
}

async function runList(command: Command, terminal: Terminal): Promise<void> {
  const { values } = await loadSettings(terminal, command, "data");
  const { limit: most, json } = command.optsWithGlobals<RequestsOptions>();
  const { requests, searches } = await askClient(terminal, values.data, async (client, signal) => ({
    requests: await client.requests(most, signal),
    searches: await client.searches(signal),
  }));
  const text = (): string => requestsText(requests, terminal.clock.nowMs()) + searchesText(searches);
  terminal.writeOut(json === true ? jsonLine({ requests, searches }) : text());
}

async function runShow(command: Command, terminal: Terminal, id: string): Promise<void> {
  const { values } = await loadSettings(terminal, command, "data");
  const { json } = command.optsWithGlobals<RequestsOptions>();
  const request = await askClient(terminal, values.data, (client, signal) => client.request(id, signal));
  terminal.writeOut(json === true ? jsonLine({ request }) : requestText(request, terminal.clock.nowMs()));
}
