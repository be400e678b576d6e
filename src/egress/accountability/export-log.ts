import { BywayError } from "../../core/errors.ts";
import { exportHeadLine } from "./export-head.ts";
import { listLogChains, listLogFiles } from "./log-files.ts";
import { type LogRecord, readRecord, recordFields, recordLine, redactedLine } from "./log-record.ts";
import type { LogTarget } from "./log-target.ts";
import { readLines } from "./read-lines.ts";
import { flawError, verifyLog } from "./verify-log.ts";

/** Which records are handed over. */
export interface ExportRange {
  readonly fromMs: number;
  readonly toMs: number;
  /** Shows streams to this target only; of all others no more than the hash. */
  readonly target?: { readonly text: string; readonly matches: LogTarget };
}

/** What was handed over. Plain JSON. */
export interface ExportSummary {
  readonly records: number;
  readonly redacted: number;
  /** Chains whose last record in the range has no signature behind it yet. */
  readonly unsigned: number;
}

/** The part of one chain that an export takes: numbers of records, with both ends. */
interface Part {
  readonly chain: string;
  readonly directory: string;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly isSigned: boolean;
}

/**
 * Writes what an operator hands over: of each chain the records from the first one in the range to the first signature
 * behind the last one, so that it verifies by itself. Records behind the range, and with a target those of streams to
 * others, are written as hashes only.
 *
 * Throws ERR_LOG_FLAW where the log is flawed, ERR_DATA_DIRECTORY where it cannot be read, and what `write` throws.
 */
export async function exportLog(
  dataDirectory: string,
  range: ExportRange,
  write: (text: string) => Promise<void>,
): Promise<ExportSummary> {
  let records = 0;
  let redacted = 0;
  const parts = await findParts(dataDirectory, range);
  for (const part of parts) {
    for await (const { text, isRedacted } of linesOf(part, range)) {
      if (isRedacted === undefined) {
        await write(text);
        continue;
      }
      await write(text);
      records += 1;
      if (isRedacted) redacted += 1;
    }
  }
  return { records, redacted, unsigned: parts.filter(({ isSigned }) => !isSigned).length };
}

/** Verifies everything and notes where the range begins and ends in each chain. */
async function findParts(dataDirectory: string, { fromMs, toMs }: ExportRange): Promise<readonly Part[]> {
  const found = new Map<string, { first: number; last: number; signed: number }>();
  const verdict = await verifyLog(dataDirectory, {}, (chain) => (record) => {
    if (!("body" in record)) return;
    const timeMs = Date.parse(record.time);
    const part = found.get(chain);
    if (timeMs >= fromMs && timeMs <= toMs) {
      found.set(chain, { first: part?.first ?? record.seq, last: record.seq, signed: 0 });
      if (record.event === "signature")
        found.set(chain, { first: part?.first ?? record.seq, last: record.seq, signed: record.seq });
    } else if (part !== undefined && part.signed === 0 && record.event === "signature") part.signed = record.seq;
  });
  // What is missing at the ends of a chain does not spoil what is here.
  const flaw = flawError({ ...verdict, missing: [] });
  if (flaw !== undefined) throw flaw;
  return (await listLogChains(dataDirectory)).flatMap(({ name, directory }) => {
    const part = found.get(name);
    if (part === undefined) return [];
    const lastSeq = Math.max(part.last, part.signed);
    return [{ chain: name, directory, firstSeq: part.first, lastSeq, isSigned: part.signed > 0 }];
  });
}

async function* linesOf(
  part: Part,
  range: ExportRange,
): AsyncGenerator<{ readonly text: string; readonly isRedacted?: boolean }> {
  const { chain, directory, firstSeq, lastSeq } = part;
  let before: string | undefined;
  let isFirst = true;
  for (const { path } of await listLogFiles(directory)) {
    for await (const lines of readLines(path)) {
      for (const { text, isWhole } of lines) {
        const record = isWhole ? readRecord(text) : undefined;
        if (record === undefined) continue;
        if (record.seq > lastSeq) return;
        if (record.seq >= firstSeq) {
          if (isFirst) {
            const prev = before ?? String(recordFields(record).prev);
            const target = range.target === undefined ? {} : { target: range.target.text };
            const times = { from: new Date(range.fromMs).toISOString(), to: new Date(range.toMs).toISOString() };
            yield { text: exportHeadLine({ export: 1, chain, prev, ...times, ...target }) };
            isFirst = false;
          }
          const isRedacted = !isShown(record, range);
          yield { text: isRedacted ? redactedLine(record) : recordLine(record.body, record.hash), isRedacted };
        }
        before = record.hash;
      }
    }
  }
  if (isFirst)
    throw new BywayError("ERR_DATA_DIRECTORY", `the records of ${directory} were removed while they were read`);
}

/** Streams of others stay out; what the node says of its log is shown, since the chain is read by it. */
function isShown(record: LogRecord, { fromMs, toMs, target }: ExportRange): boolean {
  if (!STREAM_EVENTS.has(record.event)) return true;
  const timeMs = Date.parse(record.time);
  if (timeMs < fromMs || timeMs > toMs) return false;
  return target === undefined || target.matches(recordFields(record));
}

/** Events that tell whom this node talked to for others: of a stream, or of a next hop that did not prove itself. */
export const STREAM_EVENTS: ReadonlySet<string> = new Set(["open", "end", "fail", "proof"]);
