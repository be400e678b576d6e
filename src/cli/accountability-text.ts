import { counted } from "../core/counted.ts";
import type { ExportSummary } from "../egress/accountability/export-log.ts";
import type { LogVerdict } from "../egress/accountability/verify-log.ts";
import { textTable } from "./text-table.ts";

/** What a chain alone cannot show. */
const LIMIT_OF_PROOF =
  "A log that was put back to an earlier state together with its head record looks the same: hold the last hash against one that was handed out before.";

/** What `byway log verify` says of a log that is in order. */
export function verdictText({ chains }: LogVerdict): string {
  const rows = chains.map((chain) => [
    chain.name === "" ? "-" : chain.name,
    String(chain.files),
    String(chain.records),
    String(chain.signatures),
    String(chain.unsigned),
    chain.from ?? "-",
    chain.to ?? "-",
    (chain.lastHash ?? "").slice(0, 16),
  ]);
  const heads = ["chain", "files", "records", "signatures", "not signed yet", "first", "last", "last hash"];
  const removed = chains.filter(({ firstSeq }) => (firstSeq ?? 1) > 1);
  return [
    "The log is in order: no record was changed, taken out or put in.",
    "",
    textTable(heads, rows).trimEnd(),
    "",
    `signed by ${[...new Set(chains.flatMap(({ peers }) => peers))].join(", ") || "nobody yet"}`,
    ...removed.map(({ name, firstSeq }) => `chain ${name} begins with record ${firstSeq}: what is older is not here.`),
    ...chains.flatMap(({ notes }) => notes.map((note) => `note: ${note}`)),
    LIMIT_OF_PROOF,
    "",
  ].join("\n");
}

/** What `byway log export` says when it is done. */
export function exportText({ records, redacted, unsigned }: ExportSummary): string {
  const shown = `${counted(records, "record")}, ${redacted} of them as ${redacted === 1 ? "a hash" : "hashes"} only.`;
  if (records === 0) return "Nothing was logged in that time.\n";
  if (unsigned === 0) return `${shown} A signature covers all of them.\n`;
  return `${shown} The last ones have no signature yet: export again in ten seconds.\n`;
}
