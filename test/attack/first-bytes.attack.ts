import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { ExitPolicy } from "../../src/egress/policy/exit-policy.ts";
import { parsePolicy } from "../../src/egress/policy/parse-policy.ts";
import { StreamFirstBytes } from "../../src/egress/stream-first-bytes.ts";
import {
  connectTo,
  isOfBlockedSite,
  type NamedSites,
  startNginxSites,
  startNodeSites,
  startSitesProgram,
} from "../support/named-sites.ts";
import { oddHellos } from "../support/odd-hellos.ts";
import { oddRequests, type Pieces } from "../support/odd-requests.ts";
import { sendPast } from "../support/past-first-bytes.ts";
import { withoutPrograms } from "../support/run-program.ts";
import { HELLO_TRICKS, PLAIN_TRICKS } from "../support/server-name-tricks.ts";

/*
 * What chance makes of requests and hellos for a refused site, past an exit's look, to servers that others wrote. A case that
 * is served is a hole. The seed is printed, and another each time.
 */
const RUNS = 15_000;
const LIMIT_MS = 120_000;
const POLICY = new ExitPolicy(parsePolicy(["reject blocked.example:*", "accept *:*"]));

function look(port: number): StreamFirstBytes {
  return new StreamFirstBytes(POLICY, { protocol: "tcp", name: "ok.example", addresses: ["198.51.99.1"], port });
}

function source(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

function startGoSites(t: TestContext): Promise<NamedSites> {
  const folder = mkdtempSync(join(tmpdir(), "byway-go-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  execFileSync("go", ["build", "-o", join(folder, "sites"), source("sites.go")]);
  return startSitesProgram(t, "Go", [join(folder, "sites")]);
}

const SERVERS = [
  { name: "nginx", start: startNginxSites, skip: withoutPrograms("nginx"), hasTls: true },
  { name: "Node", start: startNodeSites, skip: false, hasTls: true },
  { name: "Go", start: startGoSites, skip: withoutPrograms("go"), hasTls: true },
  {
    name: "Python",
    start: (t: TestContext) => startSitesProgram(t, "Python", ["python3", source("sites.py")]),
    skip: withoutPrograms("python3"),
    hasTls: false,
  },
] as const;

for (const { name, start, skip, hasTls } of SERVERS) {
  test(`${name} serves nothing of a refused site to what passes an exit`, { skip, timeout: 600_000 }, async (t) => {
    const seed = randomInt(2 ** 31);
    t.diagnostic(`seed ${seed}`);
    const sites = await start(t);
    let served = 0;
    const isServed = async (pieces: Pieces, place: NamedSites["plain"], port: number): Promise<boolean> => {
      if (isOfBlockedSite((await sendPast(connectTo(place), pieces)).answer)) served += 1;
      return isOfBlockedSite((await sendPast(connectTo(place), pieces, look(port))).answer);
    };
    const passesNone = (odd: fc.Arbitrary<Pieces>, place: NamedSites["plain"], port: number): Promise<void> =>
      fc.assert(
        fc.asyncProperty(odd, async (pieces) => {
          const sent = (): string => JSON.stringify(pieces.map((piece) => piece.toString("latin1")));
          assert.ok(!(await isServed(pieces, place, port)), `served: ${sent()}`);
        }),
        { seed, numRuns: RUNS, interruptAfterTimeLimit: LIMIT_MS },
      );
    for (const [trick, pieces] of Object.entries(PLAIN_TRICKS)) {
      assert.ok(!(await isServed(pieces, sites.plain, 80)), trick);
    }
    await passesNone(oddRequests, sites.plain, 80);
    if (sites.behindBalancer !== undefined) await passesNone(oddRequests, sites.behindBalancer, 80);
    if (hasTls) {
      for (const [trick, bytes] of Object.entries(HELLO_TRICKS)) {
        assert.ok(!(await isServed([bytes], sites.tls, 443)), trick);
      }
      await passesNone(oddHellos, sites.tls, 443);
    }
    t.diagnostic(`${served} were served when nothing was looked at`);
    assert.ok(served > 0);
  });
}
