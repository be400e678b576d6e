import assert from "node:assert/strict";
import { test } from "node:test";
import { knownPeer } from "../../../test/support/known-peer.ts";
import { RecordingLogger } from "../../../test/support/recording-logger.ts";
import type { ErrorCode } from "../../core/error-table.ts";
import { BywayError } from "../../core/errors.ts";
import { FakeClock } from "../../core/fake-clock.ts";
import { seededRandom } from "../../core/random.ts";
import type { KnownPeer } from "../../peers/known-peer.ts";
import { SELF_LIMITS } from "./limits.ts";
import type { ReachAnswer } from "./reach-answer.ts";
import { ReachCheck, type ReachCheckOptions } from "./reach-check.ts";
import { isOfNextHop, reachReason } from "./reach-reason.ts";

const { reachMs, reachRetryMs, reachSoonMs } = SELF_LIMITS;
const ENDPOINT = { host: "203.0.114.5", port: 4433 };
const REACHED: ReachAnswer = { found: "reached" };

function missed(code: ErrorCode): ReachAnswer {
  return { found: "missed", error: new BywayError(code, "x") };
}

function failed(code: ErrorCode): ReachAnswer {
  return { found: "nothing", error: new BywayError(code, "x") };
}

function relay(name: string, host = `${name}.1.1.1`): KnownPeer {
  return knownPeer(name, { endpoints: host === "" ? [] : [{ host, port: 1 }] });
}

function setUp(relays: readonly KnownPeer[], options: Partial<ReachCheckOptions> = {}, seed = 1) {
  const clock = new FakeClock();
  const logger = new RecordingLogger();
  const known = [...relays];
  const asked: string[] = [];
  let answers: readonly ReachAnswer[] = [];
  const place = { isHere: true };
  const own = new Set<string>();
  let aborted = 0;
  const times: unknown[] = [];
  let hold: Promise<void> | undefined;
  const check = new ReachCheck(
    {
      clock,
      logger,
      random: seededRandom(seed),
      relays: () => known,
      isHere: () => place.isHere,
      isOwn: (host) => own.has(host),
      clockWords: { noteRelay: (...word) => void times.push(word) },
      async ask(peer, signal) {
        asked.push(peer.advertisement.peer);
        signal.addEventListener("abort", () => {
          aborted += 1;
        });
        await hold;
        return answers[asked.length - 1] ?? REACHED;
      },
    },
    { self: "self", endpoint: ENDPOINT, ...options },
  );
  const settle = async (): Promise<void> => {
    for (let n = 0; n < 10; n += 1) await new Promise(setImmediate);
  };
  return {
    place,
    own,
    times,
    clock,
    logger,
    known,
    asked,
    check,
    answer: (...next: readonly ReachAnswer[]) => {
      asked.splice(0);
      answers = next;
    },
    hold: (until: Promise<void>) => {
      hold = until;
    },
    aborted: () => aborted,
    start: async () => {
      check.start();
      await settle();
    },
    advance: async (ms: number) => {
      clock.advance(ms);
      await settle();
    },
  };
}

const FOUR = ["1", "2", "3", "4"].map((name) => relay(name));

test("relays that once answered are asked before those that anybody may have made up, whatever chance says", async () => {
  const fakes = Array.from({ length: 30 }, (_, n) => relay(`fake${n}`, `${n + 20}.1.1.1`));
  const met = ["1", "2"].map((name) => ({ ...relay(name), reachedAtMs: 0 }));
  for (let seed = 1; seed <= 5; seed += 1) {
    const { asked, check, answer, start } = setUp([...fakes, ...met], {}, seed);
    answer(failed("ERR_HOP_TIMEOUT"), failed("ERR_HOP_TIMEOUT"), failed("ERR_HOP_TIMEOUT"));
    await start();
    assert.deepEqual(asked.slice(0, 2).sort(), ["1", "2"]);
    assert.match(asked[2] ?? "", /^fake/);
    await check.stop();
  }
});

test("one success is yes, two failures are no, and relays that fail themselves say nothing", async () => {
  const timeout = missed("ERR_HOP_TIMEOUT");
  const identity = missed("ERR_HOP_IDENTITY");
  const own = failed("ERR_HOP_TIMEOUT");
  const rows: readonly (readonly [readonly ReachAnswer[], string, number, RegExp])[] = [
    [[REACHED], "yes", 1, /^a relay connected to this node at 203\.0\.114\.5:4433$/],
    [[timeout, REACHED], "yes", 2, /connected/],
    [[own, own, REACHED], "yes", 3, /connected/],
    [[timeout, timeout], "no", 2, /^2 relays tried 203\.0\.114\.5:4433 and got no answer: forward the port/],
    [[timeout, own, identity], "no", 3, /got no answer and found somebody else there: forward the port.*--advertise/],
    [
      [identity, identity],
      "no",
      2,
      /found somebody else there: forward the port .*; see that --advertise names this node's own address/,
    ],
    [[own, own, own], "unknown", 3, /none of the 3 relays/],
    [[own, timeout, own], "unknown", 3, /one relay could not connect .* \(ERR_HOP_TIMEOUT\), and no other could try/],
  ];
  for (const [answers, state, asked, reason] of rows) {
    const bench = setUp(FOUR);
    bench.answer(...answers);
    await bench.start();
    assert.equal(bench.check.state.state, state);
    assert.match(bench.check.state.reason, reason);
    assert.equal(bench.check.state.checkedAt, new Date(bench.clock.nowMs()).toISOString());
    assert.equal(bench.asked.length, asked);
    assert.equal(new Set(bench.asked).size, asked);
    await bench.check.stop();
    assert.equal(bench.clock.pending, 0);
  }
});

test("relays stand in different networks, none in the node's own, and chance decides which", async () => {
  const crowd = Array.from({ length: 20 }, (_, n) => relay(`crowd${n}`, `9.9.${n}.1`));
  const peers = [
    ...crowd,
    relay("near", "203.0.7.7"),
    relay("self", "8.1.1.1"),
    relay("hidden", ""),
    relay("5"),
    relay("6"),
  ];
  const lots = new Set<string>();
  for (let seed = 0; seed < 20; seed += 1) {
    const bench = setUp(peers, {}, seed);
    bench.answer(...FOUR.map(() => failed("ERR_HOP_LIMIT")));
    await bench.start();
    assert.deepEqual(bench.asked.map((name) => name.replace(/^crowd.*/, "crowd")).toSorted(), ["5", "6", "crowd"]);
    lots.add(bench.asked.join());
    await bench.check.stop();
  }
  assert.ok(lots.size > 5);
  const local = setUp(crowd.slice(0, 2), { localNetwork: true, endpoint: { host: "127.0.0.1", port: 1 } });
  local.answer(missed("ERR_HOP_UNREACHABLE"), missed("ERR_HOP_UNREACHABLE"));
  await local.start();
  assert.match(local.check.state.reason, /2 relays tried 127\.0\.0\.1:1 and did not find this node there/);
});

test("a port is to be forwarded only if the address is none of this machine's", async () => {
  const far = ["1.1.1.1", "2.1.1.1", "3.1.1.1"];
  const here = ["45.10.0.1", "51.20.0.1", "52.20.0.1"];
  const own = [...here, "10.1.1.1"];
  const rows: readonly (readonly [string, readonly string[], boolean, string, RegExp])[] = [
    ["127.0.0.1", ["127.0.0.1", "127.0.0.1"], true, "no", /only this machine has that address, so no port needs/],
    ["::1", ["127.0.0.1", "127.0.0.1"], true, "no", /only this machine has that address, so no port needs/],
    ["10.1.1.1", ["10.1.1.2", "10.1.1.3"], true, "no", /no port needs forwarding at a private address/],
    ["10.1.1.1", ["10.1.1.1", "10.1.1.1"], true, "no", /no port needs forwarding at a private address/],
    ["50.1.1.1", far, false, "no", /: forward the port to this machine/],
    ["51.20.0.1", far, false, "no", /this machine has that address, so no port needs/],
    ["51.20.0.1", ["45.10.0.1", ...far.slice(0, 1)], false, "no", /this machine has that address, so no port needs/],
    ["45.10.0.1", here.slice(1), true, "no", /this machine has that address, so no port needs/],
    [
      "45.10.0.1",
      here.slice(1),
      false,
      "unknown",
      /^all 2 relays that tried 45\.10\.0\.1:4433 are on this machine, and a relay connects to no address of its own/,
    ],
    ["45.10.0.1", here.slice(1, 2), false, "unknown", /^the relay that tried .* is on this machine, and a relay/],
    ["50.1.1.1", here, false, "unknown", /^all 3 relays .* many routers lead nobody back in/],
    ["50.1.1.1", ["127.0.0.1", "127.0.0.1"], true, "unknown", /^all 2 relays .* many routers lead nobody back in/],
  ];
  for (const [host, relays, localNetwork, state, reason] of rows) {
    const peers = relays.map((at, index) => relay(`r${index}`, at));
    const bench = setUp(peers, { endpoint: { host, port: 4433 }, localNetwork });
    for (const address of own) bench.own.add(address);
    bench.answer(...relays.map(() => missed("ERR_HOP_UNREACHABLE")));
    await bench.start();
    assert.equal(bench.check.state.state, state, bench.check.state.reason);
    assert.match(bench.check.state.reason, reason);
    if (host !== "50.1.1.1" || state !== "no") assert.doesNotMatch(bench.check.state.reason, /forward the port/);
    await bench.check.stop();
  }
});

test("an address that nobody can reach is known without asking", async () => {
  const bench = setUp(FOUR, { endpoint: { host: "192.168.1.7", port: 4433 } });
  await bench.start();
  assert.deepEqual([bench.check.state.state, bench.asked.length], ["no", 0]);
  assert.match(bench.check.state.reason, /192\.168\.1\.7:4433 is no public address: .*--advertise/);
});

test("it looks again every fifteen minutes, every two after a failure, and soon where no relay is known", async () => {
  const bench = setUp([]);
  await bench.start();
  assert.deepEqual([bench.check.state.state, bench.asked.length], ["unknown", 0]);
  bench.known.push(...FOUR);
  bench.answer(missed("ERR_HOP_TIMEOUT"), missed("ERR_HOP_TIMEOUT"));
  const asksWithin = async (limit: { readonly value: number }): Promise<void> => {
    await bench.advance(limit.value * 0.8 - 1);
    assert.equal(bench.asked.length, 0);
    await bench.advance(limit.value * 0.4 + 1);
    assert.ok(bench.asked.length > 0);
  };
  await asksWithin(reachSoonMs);
  assert.equal(bench.check.state.state, "no");
  bench.answer(REACHED);
  await asksWithin(reachRetryMs);
  assert.equal(bench.check.state.state, "yes");
  bench.answer(failed("ERR_HOP_LIMIT"), failed("ERR_HOP_LIMIT"), failed("ERR_HOP_LIMIT"));
  await asksWithin(reachMs);
  bench.answer(REACHED);
  await asksWithin(reachRetryMs);
  assert.deepEqual(
    bench.logger.lines.filter((line) => !line.startsWith("debug")).map((line) => line.split(" ")[0]),
    ["warn", "info", "info", "info"],
  );
  await bench.check.stop();
});

test("stopping takes the check back, tells nothing more and leaves no timer", async () => {
  const bench = setUp(FOUR);
  const { promise, resolve } = Promise.withResolvers<void>();
  bench.hold(promise);
  bench.answer(failed("ERR_ABORTED"));
  await bench.start();
  bench.check.start();
  const stopped = bench.check.stop();
  assert.equal(bench.aborted(), 1);
  resolve();
  await stopped;
  await bench.check.stop();
  bench.check.start();
  await bench.advance(reachMs.value * 2);
  assert.deepEqual([bench.asked.length, bench.check.state.checkedAt, bench.clock.pending], [1, undefined, 0]);
});

test("when the machine's addresses change it is looked at once, and an address that went needs nobody to be told", async () => {
  const bench = setUp(FOUR);
  const lookAgain = async (): Promise<string> => {
    bench.check.lookAgain();
    await bench.advance(0);
    return bench.check.state.state;
  };
  assert.deepEqual([await lookAgain(), bench.asked.length], ["unknown", 0]);
  await bench.start();
  assert.deepEqual([bench.check.state.state, bench.asked.length], ["yes", 1]);
  bench.place.isHere = false;
  assert.deepEqual([await lookAgain(), bench.asked.length], ["no", 1]);
  assert.match(
    bench.check.state.reason,
    /^no interface of this machine has the address any more that the node listens at or names: give/,
  );
  assert.match(bench.logger.lines.at(-1) ?? "", /^warn other peers cannot connect/);
  bench.place.isHere = true;
  assert.deepEqual([await lookAgain(), bench.asked.length], ["yes", 2]);
  assert.equal(bench.clock.pending, 1);
  await bench.check.stop();
  assert.deepEqual([await lookAgain(), bench.asked.length], ["yes", 2]);
});

test("a change while it is being looked at has it looked at once more, and only once", async () => {
  const bench = setUp(FOUR);
  const { promise, resolve } = Promise.withResolvers<void>();
  bench.hold(promise);
  await bench.start();
  bench.check.lookAgain();
  bench.check.lookAgain();
  assert.equal(bench.asked.length, 1);
  resolve();
  await bench.advance(0);
  assert.deepEqual([bench.asked.length, bench.check.state.state, bench.clock.pending], [2, "yes", 1]);
  await bench.check.stop();
});

test("each error of the next hop has words of its own, and those of a relay are none", () => {
  const codes = [
    "ERR_HOP_TIMEOUT",
    "ERR_HOP_UNREACHABLE",
    "ERR_HOP_LOST",
    "ERR_HOP_IDENTITY",
    "ERR_HOP_TLS",
    "ERR_HOP_CLASSICAL",
    "ERR_HOP_PROTOCOL",
    "ERR_TARGET_PROHIBITED",
    "ERR_ADVERTISEMENT_PRIVATE",
  ] as const;
  const said = codes.map((code) =>
    reachReason(
      ENDPOINT,
      [1, 2].map(() => new BywayError(code, "a stranger's words")),
      "elsewhere",
    ),
  );
  assert.equal(new Set(said).size, 5);
  for (const text of said) assert.doesNotMatch(text, /stranger/);
  for (const code of codes) assert.ok(isOfNextHop(code));
  for (const code of [
    "ERR_HOP_ROLE",
    "ERR_HOP_LIMIT",
    "ERR_HOP_UNKNOWN",
    "ERR_STREAM_LIMIT",
    "ERR_NODE_LIMIT",
    "ERR_NODE_CLOSED",
    "ERR_ADVERTISEMENT_EXPIRED",
    "ERR_ADVERTISEMENT_FUTURE",
  ] as const) {
    assert.ok(!isOfNextHop(code), code);
  }
});

test("a relay that took the node's advertisement shows the time, and one that refused it for its date", async () => {
  const { check, start, answer, times } = setUp([relay("9"), relay("8"), relay("7")]);
  const refused = (code: ErrorCode, data = { status: 403 }): ReachAnswer => ({
    found: "nothing",
    error: new BywayError(code, "x", { data }),
  });
  answer(refused("ERR_ADVERTISEMENT_FUTURE"), refused("ERR_ADVERTISEMENT_EXPIRED"), missed("ERR_HOP_TIMEOUT"));
  await start();
  assert.deepEqual(
    times.map((word) => (word as readonly unknown[])[1]),
    ["ahead", "behind", "right"],
  );
  const [[teller] = []] = times as (readonly { readonly peer: string; readonly address: string }[])[];
  assert.equal(teller?.address, `${teller?.peer}.1.1.1`);
  await check.stop();
});

test("a relay that was not reached, or refused for something else, shows nothing of the time", async () => {
  const { check, start, answer, times } = setUp([relay("9"), relay("8")]);
  answer(failed("ERR_ADVERTISEMENT_FUTURE"), failed("ERR_HOP_LIMIT"));
  await start();
  assert.deepEqual(times, []);
  await check.stop();
});
