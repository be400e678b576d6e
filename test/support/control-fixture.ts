import type { TestContext } from "node:test";
import { answerWith } from "../../src/api/answer-page.ts";
import { CLIENT_PAGES } from "../../src/api/client-pages.ts";
import { controlPath } from "../../src/api/control-path.ts";
import { ControlServer } from "../../src/api/control-server.ts";
import type { PickQuery } from "../../src/api/pick-query.ts";
import { FakeClock } from "../../src/core/fake-clock.ts";
import { seededRandom } from "../../src/core/random.ts";
import { RequestLog } from "../../src/dispatch/request-log.ts";
import type { SearchReport } from "../../src/dispatch/search-memory.ts";
import type { Explanation } from "../../src/routing/explanation.ts";
import { RecordingLogger } from "./recording-logger.ts";
import { temporaryDirectory } from "./run-byway.ts";

/** What a client lets its control server see, and the server. */
export interface ControlFixture {
  readonly server: ControlServer;
  readonly log: RequestLog;
  readonly clock: FakeClock;
  readonly logger: RecordingLogger;
  readonly dataDirectory: string;
  readonly path: string;
  /** What was asked of `pick`. */
  readonly asked: PickQuery[];
}

/** A control server that was not started, of a data directory of its own unless one is named; it stops with the test. */
export function makeControl(
  test: TestContext,
  { pick, dataDirectory = temporaryDirectory(test) }: { pick?: () => Explanation; dataDirectory?: string } = {},
): ControlFixture {
  const clock = new FakeClock();
  const logger = new RecordingLogger();
  const log = new RequestLog({ clock, random: seededRandom(1) });
  const path = controlPath(dataDirectory, "control");
  const asked: PickQuery[] = [];
  const choose = (query: PickQuery): Explanation => {
    asked.push(query);
    if (pick === undefined) throw new Error("nothing is picked here");
    return pick();
  };
  const searches = (): SearchReport => ({ begun: 5, vain: 4, spared: 2_995 });
  const server = new ControlServer(
    { logger, answer: answerWith(CLIENT_PAGES, () => ({ log, pick: choose, searches })) },
    { path },
  );
  test.after(() => server.stop());
  return { server, log, clock, logger, dataDirectory, path, asked };
}
