import { writeSync } from "node:fs";
import { FakeClock } from "../../src/core/fake-clock.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { systemRandom } from "../../src/core/random.ts";
import { PeerStore } from "../../src/peers/peer-store.ts";
import { numberedEntry } from "./peer-entries.ts";

// Writes peers `first` to `first + 49` to a store, all of them with one `seq`, `rounds` times with a rising one, and says
// each number once it is written. It is meant to be killed.

const [path = "", first = "0", fromSeq = "1", rounds = "1000000"] = process.argv.slice(2);
const store = new PeerStore({ clock: new FakeClock(), random: systemRandom, logger: silentLogger }, { path });
for (let seq = Number(fromSeq); seq < Number(fromSeq) + Number(rounds); seq++) {
  store.put(Array.from({ length: 50 }, (_, n) => numberedEntry(Number(first) + n, { seq })));
  writeSync(1, `${seq}\n`);
}
store.close();
