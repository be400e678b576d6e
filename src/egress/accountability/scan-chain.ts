import type { FileHandle } from "node:fs/promises";
import { chainHash, readRecord, recordFields } from "./log-record.ts";
import { readLines } from "./read-lines.ts";

/** What a file of a chain ends with. */
export interface ChainEnd {
  /** Up to here the file is good; what follows is what a crash left. */
  readonly goodBytes: number;
  readonly totalBytes: number;
  /** The last good record's; 0 and empty where there is none. */
  readonly seq: number;
  readonly hash: string;
  /** The event of the last good record that is no signature. */
  readonly event: string;
  /** Whether the last good record is a signature. */
  readonly isSigned: boolean;
  /** Whose file it is, as its first record says. */
  readonly peer: string;
  /** The oldest file that was to be there when this one was begun; absent in files of nodes that kept no head record. */
  readonly oldest?: number;
  /** When the last good record was written, in Unix ms. */
  readonly timeMs?: number;
}

/**
 * Finds where an open file can be gone on with: after the last line that follows from the one before it. A flaw further
 * up is left for verification to find. Throws Node's system errors.
 */
export async function scanChain(file: FileHandle): Promise<ChainEnd> {
  let end: Omit<ChainEnd, "totalBytes"> = { goodBytes: 0, seq: 0, hash: "", event: "", isSigned: false, peer: "" };
  let totalBytes = 0;
  let before = "";
  for await (const lines of readLines(file)) {
    for (const { text, offset, bytes, isWhole } of lines) {
      totalBytes = offset + bytes;
      const record = isWhole ? readRecord(text) : undefined;
      if (record === undefined) continue;
      if (record.event === "file") {
        const { prev, peer, oldest } = recordFields(record);
        before = String(prev);
        end = { ...end, peer: String(peer), ...(typeof oldest === "number" ? { oldest } : {}) };
      }
      if (chainHash(before, record.body) === record.hash) {
        const isSigned = record.event === "signature";
        const event = isSigned ? end.event : record.event;
        const { seq, hash } = record;
        end = { ...end, goodBytes: totalBytes, seq, hash, event, isSigned, timeMs: Date.parse(record.time) };
      }
      before = record.hash;
    }
  }
  return { ...end, totalBytes };
}
