import { writeSync } from "node:fs";
import { answerWith } from "../../src/api/answer-page.ts";
import { CLIENT_PAGES } from "../../src/api/client-pages.ts";
import { ControlServer } from "../../src/api/control-server.ts";
import { systemClock } from "../../src/core/clock.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { systemRandom } from "../../src/core/random.ts";
import { RequestLog } from "../../src/dispatch/request-log.ts";

// Answers at the socket `path` and says so. It is meant to be killed; SIGTERM has it exit without stopping anything.

const [path = ""] = process.argv.slice(2);
const log = new RequestLog({ clock: systemClock, random: systemRandom });
const pick = (): never => {
  throw new Error("nothing is picked here");
};
const searches = () => ({ begun: 0, vain: 0, spared: 0 });
const answer = answerWith(CLIENT_PAGES, () => ({ log, pick, searches }));
await new ControlServer({ answer, logger: silentLogger }, { path }).start();
process.on("SIGTERM", () => process.exit(0));
writeSync(1, "ready\n");
