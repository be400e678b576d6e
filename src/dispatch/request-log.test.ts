import assert from "node:assert/strict";
import { test } from "node:test";
import { BywayError } from "../core/errors.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { type Random, seededRandom } from "../core/random.ts";
import type { Explanation } from "../routing/explanation.ts";
import { noNodeError } from "../routing/no-node.ts";
import { DISPATCH_LIMITS } from "./limits.ts";
import type { BegunRequest } from "./logged-request.ts";
import { makeRequestId, RequestLog, readRequestId } from "./request-log.ts";
import { requestLine } from "./request-record.ts";

const FIELDS: BegunRequest = {
  user: "alice",
  listener: "127.0.0.1:1080",
  target: { host: "example.com", port: 443 },
  protocol: "tcp",
  constraints: "country=de",
};
const EXIT = { peerId: "k51exit", country: "de", asn: 3320 };
const ROUTE = { hops: [{ peerId: "k51guard" }, EXIT], exit: EXIT };
const PARTS = { trust: 1, latency: 0.5, availability: 1, load: 0 };

function explanation(texts: string): Explanation {
  const candidate = { peerId: "k51exit", country: "de", score: 1, parts: PARTS, observations: 3, mbps: 10, share: 0.1 };
  return {
    funnel: Array.from({ length: 100 }, (_, left) => ({ left, what: texts })),
    preset: "balanced",
    weights: PARTS,
    candidates: Array.from({ length: 100 }, () => ({ ...candidate, city: texts })),
    drawnFrom: 100,
    hops: [{ peerId: "k51exit", rule: "best" }],
  };
}

function makeLog(): { log: RequestLog; clock: FakeClock } {
  const clock = new FakeClock();
  return { log: new RequestLog({ clock, random: seededRandom(1) }), clock };
}

test("a request is told from its begin to its end, its bytes as they pass", () => {
  const { log, clock } = makeLog();
  const request = log.begin(FIELDS);
  assert.equal(log.get(request.id)?.state, "opening");
  clock.advance(20);
  request.attempted("k51bad", new BywayError("ERR_HOP_TIMEOUT", "hop 1 did not answer"));
  clock.advance(10);
  const timings = [{ hop: 1, stage: "dial", ms: 4 }];
  request.routed(ROUTE, timings, explanation("in de"));
  request.moved("k51before", "failed");
  const passed = { sent: 1, received: 2 };
  request.counting(() => passed);
  passed.received = 50;
  const open = log.get(request.id);
  assert.equal(open?.state, "open");
  assert.deepEqual([open?.sentBytes, open?.receivedBytes], [1, 50]);
  clock.advance(70);
  request.ended();
  passed.received = 999;
  clock.advance(1_000);
  request.ended(new BywayError("ERR_INTERNAL", "too late"));
  const { explanation: explained, ...record } = log.get(request.id) ?? assert.fail("it is gone");
  assert.deepEqual(record, {
    id: request.id,
    startedAtMs: 1_800_000_000_000,
    user: "alice",
    listener: "127.0.0.1:1080",
    target: "example.com:443",
    protocol: "tcp",
    constraints: "country=de",
    state: "done",
    ms: 100,
    sentBytes: 1,
    receivedBytes: 50,
    routedMs: 30,
    route: ROUTE,
    timings,
    attempts: [{ ms: 20, peerId: "k51bad", code: "ERR_HOP_TIMEOUT", message: "hop 1 did not answer" }],
    retries: 1,
    moved: { from: "k51before", reason: "failed" },
  });
  assert.equal(explained?.drawnFrom, 100);
  const { exit, hops, error, movedFrom } = requestLine(log.get(request.id) ?? assert.fail());
  assert.deepEqual({ exit, hops, error, movedFrom }, { exit: EXIT, hops: 2, error: null, movedFrom: "k51before" });
});

test("a stream that has ended is not asked again", () => {
  const { log } = makeLog();
  const request = log.begin(FIELDS);
  let asked = 0;
  const count = () => {
    asked += 1;
    return { sent: 0, received: 0 };
  };
  request.counting(count);
  request.ended();
  request.counting(count);
  log.get(request.id);
  assert.equal(asked, 1);
});

test("a request that finds no node keeps the funnel", () => {
  const { log } = makeLog();
  const request = log.begin(FIELDS);
  const funnel = [
    { left: 9, what: "nodes" },
    { left: 0, what: "in zz" },
  ];
  request.ended(noNodeError("country=zz", funnel));
  const record = log.get(request.id);
  assert.equal(record?.state, "failed");
  assert.deepEqual(record?.error?.funnel, funnel);
  assert.equal(record?.error?.code, "ERR_NO_NODE");
});

test("of 1,500 requests the last 1,000 are kept, the last one first, and one pushed out goes on unseen", () => {
  const { log } = makeLog();
  const ports = Array.from({ length: 1_500 }, (_, index) => index + 1);
  const all = ports.map((port) => log.begin({ ...FIELDS, target: { host: "h", port } }));
  assert.deepEqual(
    log.recent(5_000).map(({ target }) => target),
    ports
      .slice(500)
      .reverse()
      .map((port) => `h:${port}`),
  );
  assert.equal(log.recent(3).length, 3);
  assert.equal(log.recent(0).length, 0);
  all[0]?.routed(ROUTE, []);
  all[0]?.ended();
  assert.equal(log.get(all[0]?.id ?? ""), undefined);
  assert.ok(log.get(all[1_499]?.id ?? ""));
});

test("whatever strangers write, a record stays small", () => {
  const { log } = makeLog();
  const long = `\u001b[31m${"🜁x".repeat(40_000)}`;
  const request = log.begin({
    user: long,
    listener: long,
    target: { host: long, port: 65_535 },
    protocol: "udp",
    constraints: long,
  });
  const error = new BywayError("ERR_HOP_LOST", long, { data: { funnel: [{ left: 1, what: long }], more: long } });
  for (let n = 0; n < 100; n++) request.attempted("k51bad", error);
  const timings = Array.from({ length: 1_000 }, () => ({ hop: 1, stage: "dial", ms: 1 }));
  request.routed(ROUTE, timings, explanation(long));
  request.moved(long, long);
  request.ended(error);
  const record = log.get(request.id) ?? assert.fail();
  assert.equal(record.retries, 100);
  assert.equal(record.attempts.length, DISPATCH_LIMITS.loggedAttempts.value);
  assert.equal(record.timings.length, DISPATCH_LIMITS.loggedStages.value);
  assert.equal(record.explanation?.candidates.length, DISPATCH_LIMITS.loggedCandidates.value);
  assert.equal(record.explanation?.funnel.length, DISPATCH_LIMITS.loggedFunnelSteps.value);
  assert.ok(record.target.endsWith("…:65535"), "the port is lost");
  for (const text of [record.user, record.listener, record.constraints, record.error?.message]) {
    assert.ok(text !== undefined && text.length <= DISPATCH_LIMITS.loggedTextCharacters.value);
    assert.ok(text.isWellFormed());
  }
  for (const text of [record.explanation?.candidates[0]?.city, record.explanation?.funnel[0]?.what]) {
    assert.ok(text !== undefined && text.length <= DISPATCH_LIMITS.loggedWordCharacters.value);
  }
  assert.ok(JSON.stringify(record).length < 20_000, `${JSON.stringify(record).length}`);
});

test("an id is 12 characters of Crockford's base32, and is found however it was read out", () => {
  const bytes = [0, 1, 9, 10, 17, 18, 20, 21, 24, 27, 31, 255];
  const fixed: Random = { float: () => 0, bytes: () => Uint8Array.from(bytes) };
  assert.equal(makeRequestId(fixed), "019AHJMNRVZZ");
  assert.equal(readRequestId("oI9ahjmnrvzz"), "019AHJMNRVZZ");
  const log = new RequestLog({ clock: new FakeClock(), random: fixed });
  log.begin(FIELDS);
  assert.equal(log.get("ol9aHJMNRVZZ")?.user, "alice");
  for (const hostile of [
    "",
    "019AHJMNRVZ",
    "019AHJMNRVZZ0",
    "U19AHJMNRVZZ",
    "__proto__\0\0\0",
    "019AHJMNRV\u212a\u017f",
  ]) {
    assert.equal(readRequestId(hostile), undefined, hostile);
    assert.equal(log.get(hostile), undefined);
  }
});
