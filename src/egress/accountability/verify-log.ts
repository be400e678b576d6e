import { join } from "node:path";
import { BywayError, systemCode } from "../../core/errors.ts";
import { ChainCheck, type ChainVerdict, type LogFlaw } from "./chain-check.ts";
import { type FoundHead, headPath, listHeads, readHead } from "./chain-head.ts";
import { readExportHead } from "./export-head.ts";
import { type HeadJudgement, judgeHead } from "./judge-head.ts";
import { accountabilityDirectory, type LogChain, listLogChains, listLogFiles } from "./log-files.ts";
import type { LogRecord, RedactedRecord } from "./log-record.ts";
import { readLines } from "./read-lines.ts";

/** What verification found. Plain JSON. */
export interface LogVerdict {
  readonly chains: readonly ChainVerdict[];
  /** The first ones; `flawCount` says how many there are. */
  readonly flaws: readonly LogFlaw[];
  readonly flawCount: number;
  /** What should be there by the head records and is not, or is another. What is here may be in order all the same. */
  readonly missing: readonly LogFlaw[];
}

/** Told of each record, with its line in a file. */
export type RecordVisitor = (record: LogRecord | RedactedRecord) => void;

/** Verifies every chain in a node's data directory, also while the node writes. Throws ERR_DATA_DIRECTORY where it cannot be read. */
export async function verifyLog(
  dataDirectory: string,
  options: { peer?: string | undefined } = {},
  visit?: (chain: string) => RecordVisitor,
): Promise<LogVerdict> {
  const checks: CheckedChain[] = [];
  for (const { name, directory } of await readable("ERR_DATA_DIRECTORY", dataDirectory, () =>
    chainsOf(dataDirectory),
  )) {
    checks.push(await checkChain(name, directory, options, visit?.(name)));
  }
  return verdictOf(checks);
}

/** The chains that are there, and those that should be. Throws Node's system errors. */
async function chainsOf(dataDirectory: string): Promise<readonly LogChain[]> {
  const chains = await listLogChains(dataDirectory);
  const names = new Set([...chains.map(({ name }) => name), ...(await listHeads(dataDirectory))]);
  return [...names]
    .sort((a, b) => Number(a) - Number(b))
    .map((name) => ({ name, directory: join(accountabilityDirectory(dataDirectory), name) }));
}

/** Verifies one file: of a log, or an export. Throws ERR_USAGE_ARGUMENT where it cannot be read. */
export async function verifyLogFile(path: string, options: { peer?: string | undefined } = {}): Promise<LogVerdict> {
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
  return verdictOf(checks.map((check) => ({ check, missing: [], notes: [] })));
}

/** Follows one chain through its files. Throws Node's system errors. */
async function checkChain(
  name: string,
  directory: string,
  options: { peer?: string | undefined },
  visit: RecordVisitor | undefined,
): Promise<CheckedChain> {
  const read = (): Promise<FoundHead> => readable("ERR_DATA_DIRECTORY", headPath(directory), () => readHead(directory));
  // Before the files: what it names is there from then on.
  const head = await read();
  const check = new ChainCheck({
    name,
    ...options,
    ...(typeof head === "string" ? {} : { namedSeq: head.newest.seq }),
  });
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
  const seen = { ...check.seen, firstFile: files[0]?.number };
  const judgement = judgeHead(seen, head, headPath(directory), options.peer);
  if (judgement.missing.length === 0 || typeof head === "string") return { check, ...judgement };
  // The node may have removed its oldest files since, or written the first head record of a new key.
  const later = await read();
  const now = typeof later === "string" ? head : { ...later, newest: head.newest };
  return { check, ...judgeHead(seen, now, headPath(directory), options.peer) };
}

/** The error that a flawed log is refused with: ERR_LOG_FLAW, naming the first flaw, or what is missing. */
export function flawError(verdict: Pick<LogVerdict, "flaws" | "flawCount" | "missing">): BywayError | undefined {
  const flaws = [...verdict.flaws, ...verdict.missing];
  const flawCount = verdict.flawCount + verdict.missing.length;
  const [first] = flaws;
  if (first === undefined) return undefined;
  const more = flawCount === 1 ? "" : `, and ${flawCount - 1} more`;
  return new BywayError(
    "ERR_LOG_FLAW",
    `${first.file}, line ${first.line} (byte ${first.offset}): ${first.message}${more}`,
    { data: { ...first, flawCount, flaws: flaws.map((flaw) => ({ ...flaw })) } },
  );
}

/** One chain, and what its head record shows of it. */
interface CheckedChain extends HeadJudgement {
  readonly check: ChainCheck;
}

function verdictOf(checks: readonly CheckedChain[]): LogVerdict {
  return {
    chains: checks.map(({ check: { verdict }, notes }) => ({ ...verdict, notes: [...verdict.notes, ...notes] })),
    flaws: checks.flatMap(({ check }) => check.flaws),
    flawCount: checks.reduce((sum, { check }) => sum + check.flawCount, 0),
    missing: checks.flatMap(({ missing }) => missing),
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
