/** The first line of each chain in an export: where it begins, and what was asked for. */
export interface ExportHead {
  readonly export: 1;
  /** The chain's name at the node. */
  readonly chain: string;
  /** The hash of the record before the first one that follows. */
  readonly prev: string;
  /** ISO 8601, as asked for. */
  readonly from: string;
  readonly to: string;
  readonly target?: string;
}

/** Writes the line, with its end. */
export function exportHeadLine(head: ExportHead): string {
  return `${JSON.stringify(head)}\n`;
}

/** Reads such a line; undefined for any other. */
export function readExportHead(line: string): ExportHead | undefined {
  if (!line.startsWith('{"export":1,')) return undefined;
  try {
    const head = JSON.parse(line) as Partial<ExportHead>;
    if (typeof head.chain !== "string" || typeof head.prev !== "string") return undefined;
    return head as ExportHead;
  } catch {
    return undefined;
  }
}
