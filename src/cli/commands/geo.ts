import { stat } from "node:fs/promises";
import { type Command, Option } from "commander";
import { BywayError } from "../../core/errors.ts";
import { parseIp } from "../../core/ip-address.ts";
import { systemRandom } from "../../core/random.ts";
import type { GeoKind } from "../../geo/geo-file.ts";
import { geoBytes } from "../geo-bytes.ts";
import { geoJson, geoText } from "../geo-report.ts";
import { isJson, jsonLine } from "../json-line.ts";
import { CLI_LIMITS } from "../limits.ts";
import { type LoadedSettings, loadSettings } from "../load-settings.ts";
import { addSettingOptions } from "../setting-options.ts";
import type { Terminal } from "../terminal.ts";

const KINDS: readonly GeoKind[] = ["country", "city", "asn", "hosting"];

interface UpdateOptions {
  readonly from: string;
  readonly as?: GeoKind;
}

/** Adds `byway geo show|update`. */
export function registerGeo(program: Command, terminal: Terminal): void {
  const geo = program.command("geo").description("Show and update the data that says where an IP address is.");
  const show = geo
    .command("show")
    .description("Show the files of address data with their date and makers, and what they say of addresses.")
    .argument("[ip...]", "Addresses to look up.");
  addSettingOptions(show, "geo").action((ips: readonly string[]) => runShow(show, terminal, ips));
  const update = geo
    .command("update")
    .description("Install a file of address data: MMDB or CSV, or a list of the AS numbers of hosting providers.")
    .requiredOption("--from <file|url>", "The file, gzipped or not; an https address is fetched.")
    .addOption(new Option("--as <kind>", "The kind of data, if the content does not show it.").choices([...KINDS]));
  addSettingOptions(update, "geo").action((options: UpdateOptions) => runUpdate(update, terminal, options));
}

async function runShow(command: Command, terminal: Terminal, ips: readonly string[]): Promise<void> {
  const { values, logger } = await loadSettings(terminal, command, "geo");
  const wrong = ips.find((ip) => parseIp(ip) === undefined);
  if (wrong !== undefined) throw new BywayError("ERR_USAGE_ARGUMENT", `${wrong} is no IP address`);
  const { openGeo } = await import("../../geo/open-geo.ts");
  const path = values["geo-data"];
  const geo = await openGeo({ dataDirectory: values.data, path, logger });
  try {
    const answers = ips.map((ip) => ({ ip, ...geo.lookup(ip) }));
    terminal.writeOut(
      isJson(command) ? geoJson(geo.files, answers) : geoText(geo.files, answers, terminal.clock.nowMs()),
    );
  } finally {
    geo.close();
  }
}

async function runUpdate(command: Command, terminal: Terminal, { from, as }: UpdateOptions): Promise<void> {
  const settings = await loadSettings(terminal, command, "geo");
  const directory = await targetDirectory(settings.values);
  const { installGeoFile } = await import("../../geo/install-geo-file.ts");
  const stop = new AbortController();
  void terminal.stopRequest.then(() => stop.abort(new BywayError("ERR_ABORTED", "the update was stopped")));
  using _late = terminal.clock.after(CLI_LIMITS.fetchMs.value, () =>
    stop.abort(new BywayError("ERR_GEO_DATA", `${from} did not arrive in time`, { data: { from } })),
  );
  if (terminal.errorIsTty) terminal.writeError(`Reading ${from} …\n`);
  const { facts, kind, records, path, replaced } = await installGeoFile(
    { random: systemRandom, clock: terminal.clock },
    {
      bytes: geoBytes(from, stop.signal),
      name: from,
      directory,
      kind: as,
      signal: stop.signal,
    },
  );
  const { format, family } = facts;
  const date = new Date(facts.dateMs).toISOString().slice(0, 10);
  terminal.writeOut(
    isJson(command)
      ? jsonLine({ path, kind, format, family, date, records, replaced })
      : `Installed ${path}: ${kind} data, ${format}, ${family}, of ${date}; ${records} entries were looked at.\n`,
  );
}

async function targetDirectory(values: LoadedSettings["values"]): Promise<string> {
  const { geoDirectory } = await import("../../geo/open-geo.ts");
  const named = values["geo-data"];
  if (named === undefined) return geoDirectory(values.data);
  const status = await stat(named).catch(() => undefined);
  if (status === undefined || status.isDirectory()) return named;
  throw new BywayError("ERR_USAGE_ARGUMENT", `geo-data names the file ${named}; an update needs a directory`);
}
