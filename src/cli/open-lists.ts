import type { Blocklists } from "../egress/blocklist/blocklists.ts";
import type { LoadedSettings } from "./load-settings.ts";
import { operatorOptions } from "./operator-options.ts";
import { blocklistDirectory } from "./paths.ts";
import type { Terminal } from "./terminal.ts";

/** The blocklists that the settings name, loaded, which the caller stops; undefined where they name none. */
export async function openLists(
  terminal: Pick<Terminal, "clock">,
  { values, logger }: Pick<LoadedSettings, "values" | "logger">,
): Promise<Blocklists | undefined> {
  const { blocklists: lists = [] } = operatorOptions(values);
  if (lists.length === 0) return undefined;
  const { Blocklists } = await import("../egress/blocklist/blocklists.ts");
  const opened = new Blocklists(
    { clock: terminal.clock, logger },
    { lists, cacheDirectory: blocklistDirectory(values.data) },
  );
  await opened.start();
  return opened;
}
