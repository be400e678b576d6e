import { rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Command } from "commander";
import { exampleFile } from "../../config/documentation.ts";
import { lineOfKey } from "../../config/line-of-key.ts";
import { Mistakes } from "../../config/mistakes.ts";
import { isSettingKey, SETTING_KEYS, type SettingKey, settingRow } from "../../config/schema.ts";
import type { Origin } from "../../config/sources.ts";
import { printValue } from "../../config/value-parser.ts";
import { BywayError, systemCode } from "../../core/errors.ts";
import { makeDirectory } from "../../storage/make-directory.ts";
import { checkClientSettings } from "../client-settings.ts";
import { isJson, jsonLine } from "../json-line.ts";
import { configPath, type LoadedSettings, loadSettings } from "../load-settings.ts";
import type { Terminal } from "../terminal.ts";

/** Adds `byway config init|check|show`. */
export function registerConfig(program: Command, terminal: Terminal): void {
  const config = program.command("config").description("Make, check and show the configuration.");
  const init = config.command("init").description("Write a commented example to the place of the configuration file.");
  init.action(() => runInit(init, terminal));
  const check = config.command("check").description("Check the configuration.");
  check.action(() => runCheck(check, terminal));
  const show = config.command("show").description("Show every setting, its value and its source.");
  show.action(() => runShow(show, terminal));
}

async function runInit(command: Command, terminal: Terminal): Promise<void> {
  const { path } = configPath(terminal, command);
  if (path === undefined) {
    throw new BywayError(
      "ERR_USAGE_ARGUMENT",
      "no home directory is known to write the file to: name it with --config",
    );
  }
  try {
    await makeDirectory(dirname(path));
    // It may come to hold passwords, so it is for the owner's eyes only.
    await writeFile(path, exampleFile(), { flag: "wx", mode: 0o600 });
  } catch (cause) {
    const isThere = systemCode(cause) === "EEXIST";
    // A full disk leaves an empty file, which the next try would take for the user's own.
    if (!isThere) await rm(path, { force: true }).catch(() => {});
    const reason = isThere ? "exists already and was not changed" : `cannot be written (${systemCode(cause)})`;
    throw new BywayError("ERR_CONFIG_FILE", `the configuration file ${path} ${reason}`, { data: { path }, cause });
  }
  terminal.writeOut(isJson(command) ? jsonLine({ path }) : `${path}\n`);
}

async function runCheck(command: Command, terminal: Terminal): Promise<void> {
  const mistakes = new Mistakes();
  const settings = await loadSettings(terminal, command, "every", mistakes);
  const { configPath: path, configExists: exists } = settings;
  const { checkNodeSettings } = await import("../node-settings.ts");
  checkClientSettings(settings.values, mistakes);
  checkNodeSettings(terminal, settings.values, mistakes);
  const { fileText: file, origins } = settings;
  mistakes.throwIfAny((place) => {
    const isElsewhere = isSettingKey(place.key) && origins[place.key].layer !== "file";
    return file === undefined || isElsewhere ? undefined : lineOfKey(file, place);
  });
  const text = exists
    ? `${path} is good.`
    : `There is no ${path ?? "configuration file"}; the defaults and the environment are good.`;
  terminal.writeOut(isJson(command) ? jsonLine({ ok: true, path: path ?? null, exists }) : `${text}\n`);
}

function originText({ layer, name }: Origin): string {
  return name === undefined ? layer : `${layer} ${name}`;
}

function shown(settings: LoadedSettings, key: SettingKey): ReturnType<typeof printValue> {
  return printValue(settings.values[key], settingRow(key));
}

async function runShow(command: Command, terminal: Terminal): Promise<void> {
  const settings = await loadSettings(terminal, command, "every");
  if (isJson(command)) {
    const entries = SETTING_KEYS.map((key) => [
      key,
      {
        value: shown(settings, key) ?? null,
        origin: settings.origins[key].layer,
        source: settings.origins[key].name ?? null,
      },
    ]);
    terminal.writeOut(jsonLine(Object.fromEntries(entries)));
    return;
  }
  const width = Math.max(...SETTING_KEYS.map((key) => key.length));
  for (const key of SETTING_KEYS) {
    const value = shown(settings, key);
    const text = value === undefined ? "(not set)" : JSON.stringify(value);
    terminal.writeOut(`${key.padEnd(width)}  ${text}  (${originText(settings.origins[key])})\n`);
  }
}
