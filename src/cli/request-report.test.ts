import assert from "node:assert/strict";
import { test } from "node:test";
import { EXPLAINED, shownPeer } from "../../test/support/explained.ts";
import { makeLog } from "../../test/support/shown-requests.ts";
import { requestLine } from "../dispatch/request-record.ts";
import { explanationText } from "./pick-report.ts";
import { requestsText, requestText } from "./request-report.ts";

test("the list has a line for each request, the last one first", () => {
  const { log, clock } = makeLog();
  assert.deepEqual(requestsText(log.recent(10).map(requestLine), clock.nowMs()).split("\n"), [
    "ago   id            exit        hops  took    up/down   retries  outcome      asked                     target",
    "2 s   KACVC5P4YDQJ  -           -     1.5 s   0/0       -        opening      \\x00                      \\x1b]0;owned\\x07.exampl…",
    "2 s   7AC3K9DZEQZB  us …aaaaaa  1     1.5 s   40/0      -        open         bob                       [2001:db8::1]:53 (udp)",
    "2 s   34JYB8BTZ0G4  -           -     0.0 ms  0/0       -        ERR_NO_NODE  country=zz                nowhere.example:443",
    "92 s  2FTJ57QXDT27  us …aaaaaa  3     90.2 s  1.2k/35M  2        done         country=us, hops=3, ses…  www.example.com:443",
    "",
  ]);
  assert.equal(requestsText([], 0), "No request was made yet.\n");
});

test("one request is told whole: its way, stages, what failed, and why these nodes", () => {
  const { log, clock } = makeLog();
  const record = log.get("2FTJ57QXDT27") ?? assert.fail();
  assert.deepEqual(requestText(record, clock.nowMs()).split("\n"), [
    "request    2FTJ57QXDT27",
    "target     www.example.com:443",
    "asked by   alice, at 127.0.0.1:1080",
    "asked for  country=us, hops=3, session=a1",
    "began      2027-01-15T08:00:00.000Z, 92 s ago",
    "outcome    done after 90.2 s",
    "way found  after 200 ms",
    "bytes      1234 to the target, 35499000 from it",
    `session    its exit changed (failed); before: ${shownPeer("x")}`,
    "",
    "hop  country  as    peer id",
    `  1  de       3320  ${shownPeer("g")}`,
    `  2  -        -     ${shownPeer("m")}`,
    `  3  us       7922  ${shownPeer("a")}`,
    "",
    "hop  stage    took",
    "  1  dial     4.3 ms",
    "  3  connect  61 ms",
    "",
    "after   node     failed with",
    "120 ms  …xxxxxx  ERR_HOP_TIMEOUT  hop 3 did not answer within 100 ms",
    "120 ms  -        ERR_HOP_LOST     the circuit was lost",
    "",
    ...explanationText(EXPLAINED).split("\n"),
  ]);
});

test("a request that found no node shows where they went", () => {
  const { log, clock } = makeLog();
  const text = requestText(log.get("34JYB8BTZ0G4") ?? assert.fail(), clock.nowMs());
  assert.match(text, /^outcome {4}failed after 0\.0 ms: no node fits country=zz: .* \(ERR_NO_NODE\)$/m);
  assert.match(text, /\nNodes that each constraint left:\n {4}12 {2}nodes {2}#{40}\n {5}0 {2}in zz\n$/);
});

test("stages that took longer than the request were those of a circuit that stood", () => {
  const { log, clock } = makeLog();
  const record = log.get("2FTJ57QXDT27") ?? assert.fail();
  const note = /connect {2}61 ms\nThe circuit was already open: it was built before this request\.\n/;
  assert.match(requestText({ ...record, routedMs: 62 }, clock.nowMs()), note);
  assert.doesNotMatch(requestText(record, clock.nowMs()), note);
});

test("more attempts than are kept are counted", () => {
  const { log, clock } = makeLog();
  const record = log.get("2FTJ57QXDT27") ?? assert.fail();
  assert.match(requestText({ ...record, retries: 40 }, clock.nowMs()), /was lost\nand 38 more\n/);
});

test("nothing that a stranger wrote reaches the terminal as a command", () => {
  const { log, clock } = makeLog();
  const hostile = log.get("KACVC5P4YDQJ") ?? assert.fail();
  const text = `${requestText(hostile, clock.nowMs())}${requestsText([requestLine(hostile)], clock.nowMs())}`;
  assert.match(text, /^[\P{Cc}\n]+$/u);
  assert.match(text, /^asked by {3}\\x1b\[2Jmallory\\x0d\\x0a\\x9b31m, at 127\.0\.0\.1:1080$/m);
});
