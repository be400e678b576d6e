import { parseArgs } from "node:util";
import { systemClock } from "../../src/core/clock.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { systemRandom } from "../../src/core/random.ts";
import { openAccountabilityLog } from "../../src/egress/accountability/accountability-log.ts";
import { loadOrCreateIdentity } from "../../src/identity/key-file.ts";

// Writes accountability logs without a pause until it is killed, and says how far all of them were brought to the disk:
// `log-writer.ts <key file> <directory>…`. A line `0` comes first, then the last stream that is safe.

const {
  positionals: [keyFile = "", ...directories],
} = parseArgs({ allowPositionals: true });
const { peerId, privateKey } = await loadOrCreateIdentity(keyFile);
const logs = await Promise.all(
  directories.map((directory) =>
    openAccountabilityLog(
      { clock: systemClock, logger: silentLogger, random: systemRandom },
      { directory, required: true, days: 30, mib: 4, peerId, privateKey },
    ),
  ),
);
process.stdout.write("0\n");
for (let stream = 1; ; stream += 1) {
  for (const log of logs) {
    const entry = log.begin({
      link: { id: 1, payer: undefined },
      protocol: "tcp",
      target: { host: "example.org", port: 443 },
    });
    entry.opened("192.0.2.1");
    entry.ended({ bytesUp: 1, bytesDown: stream, end: "ok" });
  }
  if (stream % 100 !== 0) continue;
  await Promise.all(logs.map((log) => log.flush()));
  process.stdout.write(`${stream}\n`);
}
