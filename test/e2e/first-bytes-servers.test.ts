import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
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
} from "../support/named-sites.ts";
import { oddHellos } from "../support/odd-hellos.ts";
import { oddRequests, type Pieces } from "../support/odd-requests.ts";
import { sendPast } from "../support/past-first-bytes.ts";
import { withoutPrograms } from "../support/run-program.ts";
import { HELLO_TRICKS, PLAIN_TRICKS } from "../support/server-name-tricks.ts";

/*
 * Real servers of two sites are the judges: what they serve as the site that the exit's policy refuses must not have passed.
 * `npm run attack` has more servers, and goes on for longer.
 */
const SEED = 20_261_130;
const POLICY = new ExitPolicy(parsePolicy(["reject blocked.example:*", "accept *:*"]));

function look(port: number): StreamFirstBytes {
  return new StreamFirstBytes(POLICY, { protocol: "tcp", name: "ok.example", addresses: ["198.51.99.1"], port });
}

/** Each byte by itself. */
function bytewise(pieces: Pieces): Pieces {
  return [...Buffer.concat(pieces)].map((byte) => Buffer.from([byte]));
}

const SERVERS = [
  { name: "nginx", start: startNginxSites, skip: withoutPrograms("nginx"), leastServed: 25 },
  { name: "Node", start: startNodeSites, skip: false, leastServed: 20 },
] satisfies readonly {
  readonly name: string;
  readonly start: (t: TestContext) => Promise<NamedSites>;
  readonly skip: string | false;
  readonly leastServed: number;
}[];

for (const { name, start, skip, leastServed } of SERVERS) {
  test(`no trick that ${name} serves as a refused site passes an exit`, { skip, timeout: 60_000 }, async (t) => {
    const sites = await start(t);
    const places = [sites.plain, ...(sites.behindBalancer === undefined ? [] : [sites.behindBalancer])];
    let served = 0;
    for (const [trick, pieces] of Object.entries(PLAIN_TRICKS)) {
      for (const place of places) {
        if (isOfBlockedSite((await sendPast(connectTo(place), pieces)).answer)) served += 1;
        for (const sent of [pieces, bytewise(pieces)]) {
          const { answer } = await sendPast(connectTo(place), sent, look(80));
          assert.ok(!isOfBlockedSite(answer), `${trick} is served: ${answer}`);
        }
      }
    }
    assert.ok(served >= leastServed, `${name} serves ${served} of them when nothing is looked at`);
    for (const [trick, bytes] of Object.entries(HELLO_TRICKS)) {
      for (const sent of [[bytes], bytewise([bytes])]) {
        const { answer } = await sendPast(connectTo(sites.tls), sent, look(443));
        assert.ok(!isOfBlockedSite(answer), `${trick} is served`);
      }
    }
  });

  test(`${name} is asked for the site of the target by what passes`, { skip, timeout: 60_000 }, async (t) => {
    const sites = await start(t);
    const plain = Buffer.from("GET / HTTP/1.1\r\nHost: ok.example\r\nContent-Length: 2\r\n\r\n{}".repeat(3));
    const past = await sendPast(connectTo(sites.plain), [plain], look(80));
    assert.equal(past.refusal, undefined);
    assert.equal(String(past.answer).split("SITE-OK").length, 4);
    const hello = HELLO_TRICKS["no trick: the target's own name"] ?? Buffer.alloc(0);
    const tls = await sendPast(connectTo(sites.tls), [hello], look(443));
    assert.deepEqual([tls.refusal, tls.answer[0]], [undefined, 0x16]);
  });

  test(`nor does what chance makes of requests and hellos, at ${name}`, { skip, timeout: 60_000 }, async (t) => {
    t.diagnostic(`seed ${SEED}`);
    const sites = await start(t);
    const passesNone = (odd: fc.Arbitrary<Pieces>, place: NamedSites["plain"], port: number): Promise<void> =>
      fc.assert(
        fc.asyncProperty(odd, async (pieces) => {
          const { answer } = await sendPast(connectTo(place), pieces, look(port));
          assert.ok(!isOfBlockedSite(answer), `served: ${JSON.stringify(Buffer.concat(pieces).toString("latin1"))}`);
        }),
        { seed: SEED, numRuns: 400 },
      );
    await passesNone(oddRequests, sites.plain, 80);
    await passesNone(oddHellos, sites.tls, 443);
  });
}
