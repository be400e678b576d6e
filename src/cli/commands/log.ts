import { open, rm } from "node:fs/promises";
import type { Command } from "commander";
import { BywayError, systemCode } from "../../core/errors.ts";
import { exportLog } from "../../egress/accountability/export-log.ts";
import { listLogChains } from "../../egress/accountability/log-files.ts";
import { parseLogTarget } from "../../egress/accountability/log-target.ts";
import { flawError, verifyLog, verifyLogFile } from "../../egress/accountability/verify-log.ts";
import { loadIdentity } from "../../identity/key-file.ts";
import { parsePeerId } from "../../identity/peer-id.ts";
import { exportText, verdictText } from "../accountability-text.ts";
import { jsonLine } from "../json-line.ts";
import { loadSettings } from "../load-settings.ts";
import { keyFile } from "../paths.ts";
import { addSettingOptions } from "../setting-options.ts";
import type { Terminal } from "../terminal.ts";
import { readTime } from "../time-option.ts";

interface LogOptions {
  readonly json?: true;
  readonly file?: string;
  readonly peer?: string;
  readonly from?: string;
  readonly to?: string;
  readonly target?: string;
  readonly output?: string;
}

/** Adds `byway log verify` and `byway log export`, which read the accountability log, also while a node writes it. */
export function registerLog(program: Command, terminal: Terminal): void {
  const log = program.command("log").description("Verify a node's accountability log, or export a part of it.");
  const verify = log
    .command("verify")
    .description("Check that no record was changed, removed or added after the node wrote the log.")
    .option("--file <path>", "One file of a log, or an export, instead of the log in the data directory.")
    .option(
      "--peer <id>",
      "The node that must have signed it. (default: the key in the data directory; with --file, any)",
    );
  addSettingOptions(verify, "log").action(() => runVerify(verify, terminal));
  const exported = log
    .command("export")
    .description("Write the records of a period to hand over. The export can be verified by itself.")
    .requiredOption("--from <time>", "Begin of the time: ISO 8601, or how long ago, such as 90m, 12h or 2d.")
    .option("--to <time>", "End of the time, in the same form. (default: now)")
    .option("--target <host[:port]>", "Show streams to this name or address only. All others appear as a hash.")
    .option("--output <path>", "A new file to write to, instead of standard output.");
  addSettingOptions(exported, "log").action(() => runExport(exported, terminal));
}

async function runVerify(command: Command, terminal: Terminal): Promise<void> {
  const { values } = await loadSettings(terminal, command, "log");
  const { json, file, peer: named } = command.optsWithGlobals<LogOptions>();
  const peer = named === undefined ? await ownPeer(file, values.data) : parsePeerId(named);
  const verdict = file === undefined ? await verifyLog(values.data, { peer }) : await verifyLogFile(file, { peer });
  const flaw = flawError(verdict);
  if (flaw !== undefined) throw flaw;
  if (verdict.chains.every(({ records }) => records === 0)) throw noLogIn(file ?? values.data);
  terminal.writeOut(json === true ? jsonLine({ verdict }) : verdictText(verdict));
}

/** Whose log the data directory should hold; undefined where it has no key. */
async function ownPeer(file: string | undefined, dataDirectory: string): Promise<string | undefined> {
  if (file !== undefined) return undefined;
  return loadIdentity(keyFile(dataDirectory)).then(
    ({ peerId }) => peerId,
    () => undefined,
  );
}

async function runExport(command: Command, terminal: Terminal): Promise<void> {
  const { values } = await loadSettings(terminal, command, "log");
  const { json, from, to, target, output } = command.optsWithGlobals<LogOptions>();
  const nowMs = terminal.clock.nowMs();
  const range = {
    fromMs: readTime(from ?? "", nowMs),
    toMs: to === undefined ? nowMs : readTime(to, nowMs),
    ...(target === undefined ? {} : { target: { text: target, matches: parseLogTarget(target) } }),
  };
  if (range.fromMs > range.toMs) throw new BywayError("ERR_USAGE_ARGUMENT", "--from is later than --to");
  if ((await listLogChains(values.data)).length === 0) throw noLogIn(values.data);
  if (output === undefined) {
    const summary = await exportLog(values.data, range, async (text) => terminal.writeOut(text));
    terminal.writeError(json === true ? jsonLine({ summary }) : exportText(summary));
    return;
  }
  await using file = await open(output, "wx", 0o600).catch((cause: unknown) => {
    if (systemCode(cause) === "EEXIST")
      throw new BywayError("ERR_USAGE_ARGUMENT", `${output} is there already: --output makes a new file`, { cause });
    throw new BywayError("ERR_OUTPUT", `${output} cannot be made (${systemCode(cause)})`, { cause });
  });
  const summary = await exportLog(values.data, range, (text) => file.writeFile(text)).catch(async (error: unknown) => {
    // Half an export, or an empty one, would be taken for what there is.
    await rm(output, { force: true });
    throw error;
  });
  terminal.writeOut(json === true ? jsonLine({ summary }) : exportText(summary));
}

function noLogIn(where: string): BywayError {
  return new BywayError("ERR_USAGE_ARGUMENT", `there is no accountability log in ${where}`);
}
