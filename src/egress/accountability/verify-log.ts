import { BywayError, systemCode } from "../../core/errors.ts";
import { ChainCheck, type ChainVerdict, type LogFlaw } from "./chain-check.ts";
import { readExportHead } from "./export-head.ts";
import { listLogChains, listLogFiles } from "./log-files.ts";
import type { LogRecord, RedactedRecord } from "./log-record.ts";
import { readLines } from "./read-lines.ts";

/** What verification found. Plain JSON. */
export interface LogVerdict {
  readonly chains: readonly ChainVerdict[];
  /** The first ones; `flawCount` says how many there are. */
  readonly flaws: readonly LogFlaw[];
  readonly flawCount: number;
}

/** Told of each record, with its line in a file. */
export type RecordVisitor = (record: LogRecord | RedactedRecord) => void;

/** Verifies every chain in a node's data directory, also while the node writes. Throws ERR_DATA_DIRECTORY where it cannot be read. */
export async function verifyLog(
  dataDirectory: string,
  options: { peer?: string } = {},
  visit?: (chain: string) => RecordVisitor,
): Promise<LogVerdict> {
  const checks: ChainCheck[] = [];
  for (const { name, directory } of await readable("ERR_DATA_DIRECTORY", dataDirectory, () =>
    listLogChains(dataDirectory),
  )) {
    checks.push(await checkChain(name, directory, options, visit?.(name)));
  }
  return verdictOf(checks);
}

/** Verifies one file: of a log, or an export. Throws ERR_USAGE_ARGUMENT where it cannot be read. */
export async function verifyLogFile(path: string, options: { peer?: string } = {}): Promise<LogVerdict> {
  const checks: ChainCheck[] = [];
  await readable("ERR_USAGE_ARGUMENT", path, async () => {
    let check: ChainCheck | undefined;
    for await (const lines of readLines(path)) {
      for (const line of lines) {
        const head = readExportHead(line.text);
        if (head !== undefined || check === undefined) {
          check = new ChainCheck({ name: head?.chain ?? "", ...options });
          check.beginFile(path);
          checks.push(check);
        }
        if (head === undefined) check.take(line, true);
        else check.enter(head.prev);
      }
    }
  });
  return verdictOf(checks);
}

/** Follows one chain through its files. Throws Node's system errors. */
async function checkChain(
  name: string,
  directory: string,
  options: { peer?: string },
  visit: RecordVisitor | undefined,
): Promise<ChainCheck> {
  const check = new ChainCheck({ name, ...options });
  const files = await readable("ERR_DATA_DIRECTORY", directory, () => listLogFiles(directory));
  for (const [index, file] of files.entries()) {
    const isLast = index === files.length - 1;
    try {
      for await (const lines of readLines(file.path)) {
        for (const line of lines) {
          if (line.number === 1) check.beginFile(file.path);
          const record = check.take(line, isLast);
          if (record !== undefined) visit?.(record);
        }
      }
    } catch (cause) {
      // The node removes its oldest files while this reads.
      if (systemCode(cause) === "ENOENT" && check.verdict.records === 0) continue;
      throw unreadable("ERR_DATA_DIRECTORY", file.path, cause);
    }
  }
  return check;
}

/** The error that a flawed log is refused with: ERR_LOG_FLAW, naming the first flaw. */
export function flawError({ flaws, flawCount }: LogVerdict): BywayError | undefined {
  const [first] = flaws;
  if (first === undefined) return undefined;
  const more = flawCount === 1 ? "" : `, and ${flawCount - 1} more`;
  return new BywayError(
    "ERR_LOG_FLAW",
    `${first.file}, line ${first.line} (byte ${first.offset}): ${first.message}${more}`,
    { data: { ...first, flawCount, flaws: flaws.map((flaw) => ({ ...flaw })) } },
  );
}

function verdictOf(checks: readonly ChainCheck[]): LogVerdict {
  return {
    chains: checks.map(({ verdict }) => verdict),
    flaws: checks.flatMap(({ flaws }) => flaws),
    flawCount: checks.reduce((sum, { flawCount }) => sum + flawCount, 0),
  };
}

async function readable<T>(code: ReadCode, path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    throw unreadable(code, path, cause);
  }
}

type ReadCode = "ERR_DATA_DIRECTORY" | "ERR_USAGE_ARGUMENT";

function unreadable(code: ReadCode, path: string, cause: unknown): unknown {
  if (cause instanceof BywayError || systemCode(cause) === "") return cause;
  return new BywayError(code, `the accountability log at ${path} cannot be read (${systemCode(cause)})`, { cause });
}
