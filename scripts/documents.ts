import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { METRICS } from "../src/api/metrics-table.ts";
import { configurationTable, exampleFile } from "../src/config/documentation.ts";
import { ERROR_TABLE } from "../src/core/error-table.ts";
import type { Limit } from "../src/core/limits.ts";
import { HEALTH_TABLE } from "../src/operation/health-table.ts";
import { programList, readmeTable } from "./program-tables.ts";

/** The project's folder, with a slash at its end. */
export const ROOT: string = fileURLToPath(new URL("../", import.meta.url));

/** A room and its limits by name. */
interface RoomLimits {
  readonly room: string;
  readonly limits: Readonly<Record<string, Limit>>;
}

function errorsTable(): string {
  const lines = [
    "| code | kind | HTTP | SOCKS | Proxy-Status | exit code | retry | what to do |",
    "|---|---|---|---|---|---|---|---|",
  ];
  for (const [code, row] of Object.entries(ERROR_TABLE)) {
    lines.push(
      `| \`${code}\` | ${row.kind} | ${row.http} | ${row.socks} | ${row.token} | ${row.exit} | ${row.retry} | ${row.remedy} |`,
    );
  }
  return lines.join("\n");
}

/**
 * The limits of every room, found by their files: each `src/<room>/limits.ts` exports `<ROOM>_LIMITS`, and so does a
 * folder of a room, by its own name.
 */
export async function readRoomLimits(): Promise<readonly RoomLimits[]> {
  const files = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => /^[a-z0-9]+(\/[a-z0-9]+)?\/limits\.ts$/.test(path))
    .sort();
  return Promise.all(
    files.map(async (file) => {
      const room = file.slice(0, file.lastIndexOf("/"));
      const name = `${room.slice(room.lastIndexOf("/") + 1).toUpperCase()}_LIMITS`;
      const exported = (await import(`../src/${file}`)) as Readonly<
        Record<string, Readonly<Record<string, Limit>> | undefined>
      >;
      const limits = exported[name];
      if (limits === undefined) throw new Error(`src/${file} must export ${name}`);
      return { room, limits };
    }),
  );
}

async function limitsTable(): Promise<string> {
  const lines = ["| room | limit | value | unit | set by | why |", "|---|---|---|---|---|---|"];
  for (const { room, limits } of await readRoomLimits()) {
    for (const [name, limit] of Object.entries(limits)) {
      const setBy = limit.fixed ? "protocol" : "operator";
      lines.push(`| ${room} | \`${name}\` | ${limit.value} | ${limit.unit} | ${setBy} | ${limit.why} |`);
    }
  }
  return lines.join("\n");
}

function healthTable(): string {
  const lines = ["| code | level | when | what to do |", "|---|---|---|---|"];
  for (const [code, { level, when, remedy }] of Object.entries(HEALTH_TABLE)) {
    lines.push(`| \`${code}\` | ${level} | ${when} | ${remedy} |`);
  }
  return lines.join("\n");
}

function metricsTable(): string {
  const lines = ["| name | kind | labels | what |", "|---|---|---|---|"];
  for (const { name, type, labels, help } of METRICS) {
    lines.push(`| \`${name}\` | ${type} | ${labels.join(", ") || "-"} | ${help} |`);
  }
  return lines.join("\n");
}

/** `document` with what stands between its markers replaced by `content`. */
function between(document: string, content: string): string {
  const begin = "<!-- written by `npm run docs`: begin -->";
  const end = "<!-- written by `npm run docs`: end -->";
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from === -1 || to < from) throw new Error("a document has lost its markers");
  return `${document.slice(0, from + begin.length)}\n\n${content}\n\n${document.slice(to)}`;
}

function withTable(path: string, table: string): readonly [string, string] {
  return [path, between(readFileSync(join(ROOT, path), "utf8"), table)];
}

/** Every document that comes from the source: its path from the root, and what it should hold. */
export async function documents(): Promise<ReadonlyMap<string, string>> {
  return new Map([
    withTable("docs/errors.md", errorsTable()),
    withTable("docs/limits.md", await limitsTable()),
    withTable("docs/health.md", healthTable()),
    withTable("docs/metrics.md", metricsTable()),
    withTable("docs/configuration.md", configurationTable()),
    withTable("docs/programs.md", programList()),
    withTable("README.md", readmeTable()),
    ["byway.example.toml", exampleFile()],
  ]);
}
