import { writeSync } from "node:fs";
import { FakeClock } from "../../src/core/fake-clock.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { seededRandom } from "../../src/core/random.ts";
import { GuardSet } from "../../src/routing/guard-set.ts";
import { SessionTable } from "../../src/routing/session-table.ts";
import { STORAGE_LIMITS } from "../../src/storage/limits.ts";
import { RecordFile } from "../../src/storage/record-file.ts";
import { OwnExperience } from "../../src/trust/own-experience.ts";

// Does what a client does with what it remembers, one session and one node a round, and says each round once it is written.
// It is meant to be killed.

const [path = "", first = "1"] = process.argv.slice(2);
const clock = new FakeClock();
const records = new RecordFile({ clock, logger: silentLogger }, { path });
const trust = new OwnExperience({ clock, records });
const sessions = new SessionTable({ clock, records });
const guards = new GuardSet({ clock, random: seededRandom(1), records });
const source = { draw: (except: ReadonlySet<string>): string => `guard${except.size}`, isListed: (): boolean => true };
for (let round = Number(first); ; round++) {
  for (const guard of guards.guards(source)) guards.noteSuccess(guard);
  const key = { user: "ann", session: `s${round}`, listener: "", constraints: "" };
  sessions.find(key, { sessionSec: 86_400, strict: true });
  sessions.hold(key, { peerId: `exit${round}` });
  trust.noteSuccess(`exit${round}`, round);
  clock.advance(STORAGE_LIMITS.recordFlushMs.value);
  writeSync(1, `${round}\n`);
}
