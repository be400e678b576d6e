import { type Command, Help } from "commander";

/** The options of `byway` and of `byway node` that mean something to what only asks a node. */
const SHARED: ReadonlySet<string | undefined> = new Set(["--json", "--config", "--data", "--log-level"]);

/** Adds a command below `byway node` whose help leaves out how a node is set up. */
export function nodeSubCommand(node: Command, name: string, description: string): Command {
  return node
    .command(name)
    .description(description)
    .configureHelp({
      showGlobalOptions: true,
      visibleGlobalOptions(command) {
        // One that the command has itself is listed there.
        const own = new Set(command.options.map(({ long }) => long));
        const visible = Help.prototype.visibleGlobalOptions.call(this, command);
        return visible.filter(({ long }) => SHARED.has(long) && !own.has(long));
      },
    });
}
