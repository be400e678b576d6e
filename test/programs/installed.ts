import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { withoutPrograms } from "../support/run-program.ts";
import type { ProgramRow } from "./program-row.ts";

/** Every Python that is installed, the system's first, and which of the modules each has. */
const pythons = new Map<string, ReadonlySet<string>>();

/** The Python that has the modules of a row; undefined if none has. */
export function pythonWith(modules: readonly string[], all: readonly string[]): string | undefined {
  if (pythons.size === 0) {
    const folders = ["/usr/bin", ...(process.env.PATH ?? "").split(delimiter)];
    for (const path of new Set(folders.map((folder) => join(folder, "python3")))) {
      if (existsSync(path)) pythons.set(path, modulesOf(path, all));
    }
  }
  return [...pythons].find(([, known]) => modules.every((name) => known.has(name)))?.[0];
}

function modulesOf(path: string, names: readonly string[]): ReadonlySet<string> {
  const code = "import importlib.util, sys\nprint(*[n for n in sys.argv[1:] if importlib.util.find_spec(n)])";
  const { stdout } = spawnSync(path, ["-c", code, ...names], { encoding: "utf8", timeout: 10_000 });
  return new Set((stdout ?? "").split(/\s+/));
}

/** Why a row cannot run here, or false. */
export function withoutRow(row: ProgramRow, allModules: readonly string[]): string | false {
  const missing = withoutPrograms(...row.needs);
  if (missing !== false) return missing;
  if (row.modules === undefined || pythonWith(row.modules, allModules) !== undefined) return false;
  return `no Python has ${row.modules.join(" and ")}`;
}
