import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { Clock } from "../../src/core/clock.ts";
import { seededRandom } from "../../src/core/random.ts";
import {
  type AccountabilityLog,
  type AccountabilityLogOptions,
  openAccountabilityLog,
} from "../../src/egress/accountability/accountability-log.ts";
import type { LoggedStream, StreamLog } from "../../src/egress/accountability/stream-log.ts";
import { generateIdentity, type Identity } from "../../src/identity/identity.ts";
import { RecordingLogger } from "./recording-logger.ts";
import { temporaryDirectory } from "./run-byway.ts";

/** The node whose log it is. */
export const LOG_IDENTITY: Identity = generateIdentity();

/** A log in a data directory of its own, and what it says. */
export interface LogFixture {
  readonly log: AccountabilityLog;
  readonly dataDirectory: string;
  readonly directory: string;
  readonly logger: RecordingLogger;
  /** All lines of all files, in their order. */
  lines(): readonly string[];
  /** The same as values. */
  records(): readonly Readonly<Record<string, unknown>>[];
  /** Opens it once more, as the next process would. */
  reopen(): Promise<AccountabilityLog>;
}

/** Opens a log below a new data directory; it is stopped with the test. */
export async function openLog(
  t: TestContext,
  clock: Clock,
  options: Partial<AccountabilityLogOptions> = {},
  dataDirectory: string = temporaryDirectory(t),
): Promise<LogFixture> {
  const directory = options.directory ?? join(dataDirectory, "accountability", "0");
  const logger = new RecordingLogger();
  const random = seededRandom(7);
  const { peerId, privateKey } = LOG_IDENTITY;
  const open = async (): Promise<AccountabilityLog> => {
    const log = await openAccountabilityLog(
      { clock, logger, random },
      { directory, required: true, days: 30, mib: 64, peerId, privateKey, ...options },
    );
    t.after(() => log.stop());
    return log;
  };
  const lines = (): readonly string[] =>
    readdirSync(directory)
      .filter((name) => name.endsWith(".jsonl"))
      .sort()
      .flatMap((name) => readFileSync(join(directory, name), "utf8").split("\n").filter(Boolean));
  return {
    log: await open(),
    dataDirectory,
    directory,
    logger,
    lines,
    records: () => lines().map((line) => JSON.parse(line) as Record<string, unknown>),
    reopen: open,
  };
}

/** A stream of some link to some target. */
export function someStream(host = "example.org", fields: Partial<LoggedStream> = {}): LoggedStream {
  return { link: { id: 3, payer: undefined }, protocol: "tcp", target: { host, port: 443 }, ...fields };
}

/** A stream from its beginning to its end. */
export function forward(log: StreamLog, stream: LoggedStream = someStream(), address = "93.184.216.34"): void {
  const entry = log.begin(stream);
  entry.opened(address, 40_001);
  entry.ended({ bytesUp: 120, bytesDown: 5600, end: "ok" });
}
