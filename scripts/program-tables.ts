import { FAMILIES } from "../test/programs/all-rows.ts";
import type { ProgramRow } from "../test/programs/program-row.ts";

const WORDS = { http: "http", https: "https", raw: "any bytes" } as const;

/** README's list: the programs that most people have. Lines of one row first, then those that need several. */
export function readmeTable(): string {
  const rows = Object.values(FAMILIES)
    .flat()
    .filter((row) => row.inReadme === true);
  const short = rows.filter((row) => !row.line.includes("\n"));
  return [
    ["| program | what to write |", "|---|---|", ...short.map((row) => `| ${row.program} | \`${row.line}\` |`)].join(
      "\n",
    ),
    ...rows.filter((row) => !short.includes(row)).map(entry),
  ].join("\n\n");
}

/** The page of all programs: one list for each family, each entry with the text that the suite runs. */
export function programList(): string {
  return Object.entries(FAMILIES)
    .flatMap(([family, rows]) => [`## ${family}`, ...rows.map(entry)])
    .join("\n\n");
}

function entry(row: ProgramRow): string {
  const asking = row.needsAsking === true ? 'Needs a listener with `ask-name = "always"`.' : undefined;
  const notes = [row.note, asking].filter((text) => text !== undefined).join(" ");
  const carries = row.kinds.map((kind) => WORDS[kind]).join(", ");
  const code = `\`\`\`${row.language ?? "sh"}\n${row.line}\n\`\`\``;
  return [`**${row.program}**: ${row.way} (${carries})`, code, ...(notes === "" ? [] : [notes])].join("\n\n");
}
