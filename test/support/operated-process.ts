import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { controlPath } from "../../src/api/control-path.ts";
import { NodeControlClient } from "../../src/api/node-control-client.ts";
import { systemClock } from "../../src/core/clock.ts";
import type { HostPort } from "../../src/core/network-address.ts";
import { createClient } from "../../src/index.ts";
import { type RunningCommand, startByway, temporaryDirectory } from "./run-byway.ts";

/** An exit in a process of its own, as its operator has it. */
export interface OperatedProcess {
  readonly data: string;
  readonly command: RunningCommand;
  readonly operator: NodeControlClient;
  /** A client of its own, in this process, with one link to the node. */
  readonly client: () => Promise<HostPort>;
  /** Ends it as `kill -9` does. */
  readonly kill: () => Promise<void>;
  /** Starts it once more, with the same configuration and data. */
  readonly again: () => Promise<OperatedProcess>;
}

/** Starts `byway node` with these lines of its `[node]` table; it is killed when the test ends. */
export function startOperatedProcess(t: TestContext, lines: readonly string[]): Promise<OperatedProcess> {
  const directory = temporaryDirectory(t);
  const configuration = join(directory, "byway.toml");
  writeFileSync(configuration, `[node]\n${['listen = "127.0.0.1:0"', "exit = true", ...lines].join("\n")}\n`);
  return start(t, directory, configuration);
}

async function start(t: TestContext, directory: string, configuration: string): Promise<OperatedProcess> {
  const data = join(directory, "data");
  const file = join(directory, "advertisement");
  const files = ["--config", configuration, "--data", data, "--advertisement-file", file];
  const command = startByway(t, ["node", "--json", "--local-network", "--unlisted", ...files]);
  await command.firstLine;
  return {
    data,
    command,
    operator: new NodeControlClient({ clock: systemClock }, { path: controlPath(data, "node") }),
    async client() {
      const listen = { host: "127.0.0.1", port: 0 };
      const client = await createClient({
        listen,
        peerFiles: [file],
        localNetwork: true,
        rotation: "circuit",
        spareCircuits: 0,
      });
      t.after(() => client.stop());
      return client.address as HostPort;
    },
    async kill() {
      command.child.kill("SIGKILL");
      await command.finished;
    },
    again: () => start(t, directory, configuration),
  };
}
