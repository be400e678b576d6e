import type { Command } from "commander";
import { libp2pPeerId } from "../../identity/peer-id.ts";
import { isJson, jsonLine } from "../json-line.ts";
import { loadSettings } from "../load-settings.ts";
import { keyFile } from "../paths.ts";
import { addSettingOptions } from "../setting-options.ts";
import type { Terminal } from "../terminal.ts";

/** Adds `byway keys`: shows this peer's id and where its key is, making the key on first use. */
export function registerKeys(program: Command, terminal: Terminal): void {
  const command = program
    .command("keys")
    .description(
      "Show this peer's key file and its id, in the two forms that tables and bootstrap addresses use. The key is made on first use. Back the file up: it is the identity.",
    );
  addSettingOptions(command, "data").action(async () => {
    const { values } = await loadSettings(terminal, command, "data");
    const { loadOrCreateIdentity } = await import("../../identity/key-file.ts");
    const path = keyFile(values.data);
    const { peerId } = await loadOrCreateIdentity(path);
    terminal.writeOut(
      isJson(command)
        ? jsonLine({ peerId, libp2pPeerId: libp2pPeerId(peerId), keyFile: path })
        : `peer id       ${peerId}\nin addresses  ${libp2pPeerId(peerId)}\nkey file      ${path}\n`,
    );
  });
}
