import { type Command, InvalidArgumentError } from "commander";
import { isNetworkName } from "../config/network-file.ts";

/** Adds `--network-name` to a command that looks at what a data directory keeps of networks. */
export function addNetworkName(command: Command): void {
  command.option(
    "--network-name <name>",
    "The network to look at, if several have run with this data directory. (default: the one that ran last)",
    (name: string) => {
      if (isNetworkName(name)) return name;
      throw new InvalidArgumentError("It must be 1 to 32 letters a-z, digits and hyphens.");
    },
  );
}
