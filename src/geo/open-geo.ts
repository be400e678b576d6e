import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { BywayError, systemCode, toBywayError } from "../core/errors.ts";
import { type Logger, silentLogger } from "../core/logger.ts";
import { type Attribution, attributionOf } from "./attribution.ts";
import { defaultGeoFiles } from "./default-geo-files.ts";
import type { GeoFacts, GeoSource } from "./geo-facts.ts";
import { type GeoFile, type GeoFileFacts, type GeoKind, geoFault } from "./geo-file.ts";
import { HOSTING_ASNS } from "./hosting-asns.ts";
import { LayeredGeo } from "./layered-geo.ts";
import { GEO_LIMITS } from "./limits.ts";
import { type OpenedGeoFile, openGeoFile } from "./open-geo-file.ts";
import { classifyAddress } from "./reserved-ranges.ts";

/** Where to look for address data. */
export interface OpenGeoOptions {
  /** The directory of this peer's state; files in its `geo` directory win over those that npm brings. None when absent. */
  readonly dataDirectory?: string | undefined;
  /** A directory or file in place of `<dataDirectory>/geo`. */
  readonly path?: string | undefined;
  readonly logger?: Logger | undefined;
}

/** One file in use. */
export interface GeoFileInUse extends GeoFileFacts {
  readonly kind: GeoKind | undefined;
  /** Whether it came with the dependencies, or the operator put it there. */
  readonly origin: "npm" | "installed";
  readonly attribution: Attribution;
}

/** Address data that is open; the caller owns it and closes it. */
export interface OpenGeo extends GeoSource {
  /** The files, in the order in which later ones win. */
  readonly files: readonly GeoFileInUse[];
  /** Idempotent. */
  close(): void;
}

interface Layer {
  readonly opened: OpenedGeoFile;
  readonly inUse: GeoFileInUse;
}

/**
 * Opens the address data of this machine: what npm brings, and over it what the operator has installed. Takes milliseconds and
 * at most 256 KiB a file, since files are read on demand. A file of npm's or in `<dataDirectory>/geo` that cannot be used is logged
 * and left out; what `path` names must be good, or it throws ERR_GEO_DATA.
 */
export async function openGeo(options: OpenGeoOptions = {}): Promise<OpenGeo> {
  const { dataDirectory, logger = silentLogger } = options;
  const path = options.path ?? (dataDirectory === undefined ? undefined : geoDirectory(dataDirectory));
  const layers: Layer[] = [];
  const take = (open: () => Layer, isNamed: boolean): void => {
    try {
      layers.push(open());
    } catch (error) {
      if (isNamed) throw error;
      logger.warn("a file of address data is left out", { reason: toBywayError(error).message });
    }
  };
  try {
    for (const file of defaultGeoFiles()) take(() => npmLayer(file), false);
    const isNamed = options.path !== undefined;
    for (const file of path === undefined ? [] : await installedFiles(path, isNamed, logger)) {
      take(() => installedLayer(file), isNamed);
    }
  } catch (error) {
    for (const { opened } of layers) closeOpened(opened);
    throw error;
  }
  if (layers.length === 0) logger.warn("there is no address data: the word of nodes is taken for where they are");
  layers.sort((a, b) => rank(a.inUse) - rank(b.inUse));
  return compose(layers, logger);
}

/** The directory for installed address data. */
export function geoDirectory(dataDirectory: string): string {
  return join(dataDirectory, "geo");
}

function compose(layers: readonly Layer[], logger: Logger): OpenGeo {
  const files: GeoFile[] = [];
  let hostingAsns = HOSTING_ASNS;
  for (const { opened } of layers) {
    if (opened.type === "ranges") files.push(opened.file);
    else hostingAsns = opened.asns;
  }
  const installed = files.filter((file) => isInstalled(layers, file));
  const all = new LayeredGeo({ files, logger }, { hostingAsns });
  const own = new LayeredGeo({ files: installed, logger }, { hostingAsns });
  return {
    files: layers.map(({ inUse }) => inUse),
    lookup: (ip: string): GeoFacts => (isReserved(ip) ? own : all).lookup(ip),
    close(): void {
      for (const file of files) file.close();
    },
  };
}

function isInstalled(layers: readonly Layer[], file: GeoFile): boolean {
  return layers.some(
    ({ opened, inUse }) => opened.type === "ranges" && opened.file === file && inUse.origin === "installed",
  );
}

/** Published data has nonsense about ranges that are nobody's; what the operator installs for them is meant. */
function isReserved(ip: string): boolean {
  const kind = classifyAddress(ip)?.kind;
  return kind !== undefined && kind !== "embedded-ipv4";
}

function npmLayer({ path, kind, dateMs, attribution }: ReturnType<typeof defaultGeoFiles>[number]): Layer {
  const opened = openGeoFile(path, kind);
  const facts = opened.type === "ranges" ? opened.file.facts : opened.facts;
  return { opened, inUse: { ...facts, dateMs: dateMs ?? facts.dateMs, kind, origin: "npm", attribution } };
}

function installedLayer(path: string): Layer {
  const opened = openGeoFile(path);
  const [facts, kind] =
    opened.type === "ranges" ? [opened.file.facts, opened.kind] : ([opened.facts, "hosting"] as const);
  return { opened, inUse: { ...facts, kind, origin: "installed", attribution: attributionOf(facts.title) } };
}

function closeOpened(opened: OpenedGeoFile): void {
  if (opened.type === "ranges") opened.file.close();
}

const KIND_ORDER: readonly (GeoKind | undefined)[] = ["country", "city", "asn", undefined, "hosting"];

/** Npm's before installed ones; of one kind the file of both families first, so that those of one family win. */
function rank({ origin, kind, family }: GeoFileInUse): number {
  return (origin === "npm" ? 0 : 100) + KIND_ORDER.indexOf(kind) * 10 + (family === "both" ? 0 : 1);
}

/** The files at `path`: itself, or what lies in it. Where it was not named, none in place of ERR_GEO_DATA. */
async function installedFiles(path: string, isNamed: boolean, logger: Logger): Promise<readonly string[]> {
  try {
    return await filesIn(path);
  } catch (cause) {
    const code = systemCode(cause);
    const error = cause instanceof BywayError ? cause : geoFault(path, `cannot be read (${code})`, cause);
    if (isNamed) throw error;
    if (code !== "ENOENT") logger.warn("the installed address data is left out", { reason: error.message });
    return [];
  }
}

async function filesIn(path: string): Promise<readonly string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const names = (await readdir(path)).filter((name) => /^[^.].*\.(?:mmdb|csv|txt)$/i.test(name)).sort();
  const most = GEO_LIMITS.directoryFiles.value;
  if (names.length > most) throw geoFault(path, `has more than ${most} files`);
  return names.map((name) => join(path, name));
}
