import { Command, CommanderError } from "commander";
import { BywayError } from "../core/errors.ts";
import { VERSION } from "../core/version.ts";
import { registerConfig } from "./commands/config.ts";
import { registerDemo } from "./commands/demo.ts";
import { registerEnv } from "./commands/env.ts";
import { registerGeo } from "./commands/geo.ts";
import { registerKeys } from "./commands/keys.ts";
import { registerLog } from "./commands/log.ts";
import { registerNetwork } from "./commands/network.ts";
import { registerNode } from "./commands/node.ts";
import { registerPeers } from "./commands/peers.ts";
import { registerPick } from "./commands/pick.ts";
import { registerPolicy } from "./commands/policy.ts";
import { registerRequests } from "./commands/requests.ts";
import { registerUp } from "./commands/up.ts";
import { addSettingOptions } from "./setting-options.ts";
import type { Terminal } from "./terminal.ts";

/** The whole command line. */
function buildProgram(terminal: Terminal): Command {
  const program = new Command("byway")
    .description("A peer-to-peer proxy network: your programs reach the internet from another peer's address.")
    .version(VERSION, "--version", "Print the version.")
    .helpOption("--help", "Print what a command does and its options.")
    .helpCommand("help [command]", "Print what a command does and its options.")
    .option("--json", "Print one line of JSON instead of text.")
    .option("--config <path>", "The configuration file. (default: $XDG_CONFIG_HOME/byway/byway.toml)")
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => terminal.writeOut(text),
      writeErr: (text) => terminal.writeError(text),
      // Errors are thrown, and reported where all others are.
      outputError: () => {},
    })
    .exitOverride();
  addSettingOptions(program, "every");
  registerDemo(program, terminal);
  registerUp(program, terminal);
  registerNode(program, terminal);
  registerPeers(program, terminal);
  registerPick(program, terminal);
  registerPolicy(program, terminal);
  registerRequests(program, terminal);
  registerLog(program, terminal);
  registerNetwork(program, terminal);
  registerEnv(program, terminal);
  registerKeys(program, terminal);
  registerConfig(program, terminal);
  registerGeo(program, terminal);
  return program;
}

/** Parses and runs one command line. Throws BywayError; what the parser refuses is ERR_USAGE_ARGUMENT. */
export async function runProgram(terminal: Terminal, args: readonly string[]): Promise<void> {
  const program = buildProgram(terminal);
  try {
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return;
    if (error.code === "commander.help") throw new BywayError("ERR_USAGE_ARGUMENT", "no command was named");
    const message = error.message.replace(/^error: /, "").replaceAll(/\s*\n\s*/g, " ");
    throw new BywayError("ERR_USAGE_ARGUMENT", message);
  }
}
