import type { Command } from "commander";
import { controlPath } from "../../api/control-path.ts";
import { printNetworkFile } from "../../config/network-file.ts";
import { parseScalar, ValueProblem } from "../../config/scalar-parser.ts";
import { settingRow } from "../../config/schema.ts";
import type { Setting } from "../../config/setting.ts";
import { atExit } from "../../core/at-exit.ts";
import { BywayError, systemCode } from "../../core/errors.ts";
import type { LogLevel } from "../../core/logger.ts";
import { formatHostPort, type HostPort } from "../../core/network-address.ts";
import { makeOwnDirectory } from "../../storage/own-directory.ts";
import { replaceFile } from "../../storage/replace-file.ts";
import type { Testnet } from "../../testnet/testnet.ts";
import { demoReport, type Fetched, fetchedReport } from "../demo-report.ts";
import { storeFile } from "../directory-settings.ts";
import { createLogger } from "../logger.ts";
import { runService } from "../run-service.ts";
import { collect } from "../setting-options.ts";
import type { Terminal } from "../terminal.ts";

interface DemoOptions {
  readonly nodes: string;
  readonly listen?: string;
  readonly allowTarget?: readonly string[];
  readonly networkFile?: string;
  readonly once?: true;
  readonly json?: true;
  readonly logLevel?: string;
}

const DEFAULT_LISTEN: HostPort = { host: "127.0.0.1", port: 1080 };

/** Adds `byway demo`: a whole network on this machine. It reads no configuration, so that it always runs the same. */
export function registerDemo(program: Command, terminal: Terminal): void {
  const command = program
    .command("demo")
    .description(
      "Run a whole network on this machine: nodes of several countries, a client, and a target that shows what it saw.",
    )
    .option("--nodes <n>", "How many nodes, 3 to 100.", "12")
    .option(
      "--listen <ip:port>",
      "Where the local proxy answers. (default: 127.0.0.1:1080, or a free port if that is taken)",
    )
    .option("--allow-target <host:port>", "A private target that the exits may connect to. May be repeated.", collect)
    .option(
      "--network-file <path>",
      "Write a network file, so that `byway up` and `byway node` on this machine can join.",
    )
    .option("--once", "Make requests with 1 and 3 hops over HTTP and HTTPS, print what the target saw, and exit.");
  command.action(() => run(command.optsWithGlobals<DemoOptions>(), terminal));
}

function argument<T>(flag: string, text: string, type: Setting["type"], bounds: Partial<Setting> = {}): T {
  const row: Setting = { type, list: false, environment: "", groups: [], docs: "", ...bounds };
  try {
    return parseScalar(text, row) as T;
  } catch (error) {
    if (!(error instanceof ValueProblem)) throw error;
    throw new BywayError("ERR_USAGE_ARGUMENT", `${flag} must be ${error.message}`);
  }
}

async function run(options: DemoOptions, terminal: Terminal): Promise<void> {
  const nodes = argument<number>("--nodes", options.nodes, "integer", { min: 3, max: 100 });
  const listen = options.listen === undefined ? undefined : argument<HostPort>("--listen", options.listen, "ip:port");
  const allowTargets = (options.allowTarget ?? []).map((text) =>
    argument<HostPort>("--allow-target", text, "host:port"),
  );
  const level = settingRow("log-level");
  // The client alone is logged: its words are about the user's requests, those of the nodes about the demo's own network.
  const logger = createLogger({
    level: argument<LogLevel>("--log-level", options.logLevel ?? String(level.default), level.type, level),
    isPlain: options.json !== true,
    write: (line) => terminal.writeError(line),
  });
  if (options.once === true && options.networkFile !== undefined) {
    throw new BywayError(
      "ERR_USAGE_ARGUMENT",
      "--network-file and --once cannot be combined: the network ends at once",
    );
  }
  const note = (text: string): void => {
    if (options.json !== true) terminal.writeError(`${text}\n`);
  };
  const { createTestnet, TESTNET_NAME } = await import("../../testnet/testnet.ts");
  const { checkPort } = await import("../../testnet/check-port.ts");
  // Where `byway pick` and `byway requests` find this client; private, and gone with the demo.
  const directory = await makeOwnDirectory("byway-demo-");
  const data = directory.path;
  const create = (address: HostPort): Promise<Testnet> =>
    createTestnet(nodes, {
      listen: address,
      allowTargets,
      storePath: storeFile(data, TESTNET_NAME),
      client: { controlPath: controlPath(data, "control"), askName: "waiting", logger },
      onProgress: (step) => note(`Starting ${step}`),
    });
  const start = async (): Promise<Testnet> => {
    const address = listen ?? DEFAULT_LISTEN;
    try {
      // Before a dozen nodes are started for nothing; another program may still take the port meanwhile.
      await checkPort(address);
      return await create(address);
    } catch (error) {
      const isTaken = error instanceof BywayError && error.code === "ERR_LISTEN_IN_USE";
      if (!isTaken || listen !== undefined) throw error;
      return create({ host: DEFAULT_LISTEN.host, port: 0 });
    }
  };
  const remove = (): void => directory.remove();
  // A second Ctrl-C ends the process before the network has stopped.
  const stopped = atExit(remove);
  try {
    await runService(terminal, start, async (testnet) => {
      if (options.once === true) return runOnce(testnet, options, terminal, note);
      if (options.networkFile !== undefined) await writeNetworkFile(options.networkFile, testnet);
      terminal.writeOut(
        demoReport(testnet, {
          json: options.json === true,
          networkFile: options.networkFile,
          program: startedAs(terminal),
          data,
        }),
      );
      if (listen === undefined && testnet.client.address?.port !== DEFAULT_LISTEN.port) {
        note(`Another program has ${formatHostPort(DEFAULT_LISTEN)}, so write the address above in its place.`);
      }
      note("Press Ctrl-C to stop.");
      // A demo is for its reader: `byway demo 2>&1 | head -3` ends with `head`.
      return terminal.readerGone.then(() => "done" as const);
    });
  } finally {
    stopped();
    remove();
  }
}

/** npm sets its variables for what `npx` and scripts run, where `byway` alone is no command. */
function startedAs({ environment }: Terminal): string {
  return environment.npm_execpath === undefined && environment.npm_command === undefined ? "byway" : "npx byway";
}

async function writeNetworkFile(path: string, { network }: Testnet): Promise<void> {
  try {
    await replaceFile(path, printNetworkFile(network), 0o644);
  } catch (cause) {
    throw new BywayError("ERR_DATA_DIRECTORY", `the network file ${path} cannot be written (${systemCode(cause)})`, {
      cause,
    });
  }
}

async function runOnce(
  testnet: Testnet,
  options: DemoOptions,
  terminal: Terminal,
  note: (text: string) => void,
): Promise<"done"> {
  const fetched: Fetched[] = [];
  for (const hops of [1, 3]) {
    for (const secure of [false, true]) {
      note(`Asking the target by ${hops} hop${hops === 1 ? "" : "s"} over ${secure ? "HTTPS" : "HTTP"}`);
      fetched.push({ hops, secure, ...(await testnet.fetchOnce({ hops }, secure)) });
    }
  }
  terminal.writeOut(fetchedReport(testnet, fetched, options.json === true));
  return "done";
}
