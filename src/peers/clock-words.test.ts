import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { RecordingLogger } from "../../test/support/recording-logger.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { generateIdentity } from "../identity/identity.ts";
import { libp2pPeerId } from "../identity/peer-id.ts";
import { clockDoubtReason } from "./clock-doubt.ts";
import { ClockWords } from "./clock-words.ts";
import { PEERS_LIMITS } from "./limits.ts";

const HOUR_S = 3_600;
const { peerId: BOOT } = generateIdentity();
const bootstrap = [`/ip4/9.1.1.1/tcp/4433/p2p/${libp2pPeerId(BOOT)}`];

function logged({ lines }: RecordingLogger, level: string): readonly string[] {
  return lines.filter((line) => line.startsWith(level));
}

function setUp(options: { readonly localNetwork?: boolean; readonly bootstrap?: readonly string[] } = {}) {
  const clock = new FakeClock();
  const logger = new RecordingLogger();
  const words = new ClockWords({ clock, logger }, { localNetwork: false, ...options });
  return {
    clock,
    logger,
    doubt: () => words.doubt,
    nowSec: () => clock.nowMs() / 1_000,
    /** A peer at `address` answers; its own advertisement is so old by this machine's clock. */
    answer: (address: string | undefined, ageSec: number, refused = 0, peer = `at ${address}`) =>
      words.noteAnswer({ peer, address }, clock.nowMs() / 1_000 - ageSec, refused),
    relay: (address: string, direction: "ahead" | "behind" | "right") =>
      words.noteRelay({ peer: `at ${address}`, address }, direction),
  };
}

suite("whether the clock of this machine is off", () => {
  test("is said when two networks date otherwise and none agrees, with how far and of how many", () => {
    for (const [ageSec, direction, where] of [
      [3 * HOUR_S, "ahead", "past"],
      [-3 * HOUR_S, "behind", "future"],
    ] as const) {
      const { doubt, logger, answer } = setUp();
      answer("9.1.1.1", ageSec, 11);
      assert.equal(doubt(), undefined);
      answer("9.2.1.1", ageSec, 3);
      assert.deepEqual(doubt(), { direction, byMs: 3 * HOUR_S * 1_000, peers: 2, advertisements: 12 });
      const reason = `the 12 advertisements that came are dated 3 h in the ${where}: set this machine's clock`;
      assert.deepEqual(logged(logger, "warn"), [
        `warn the clock of this machine seems to be ${direction} ${JSON.stringify({ reason })}`,
      ]);
    }
  });

  test("is told from the age that an own advertisement can have, and the tolerance of clocks", () => {
    const { renewMs, clockSkewSeconds } = PEERS_LIMITS;
    const oldest = renewMs.value / 1_000 + clockSkewSeconds.value;
    for (const [ageSec, isDoubted] of [
      [oldest, false],
      [oldest + 1, true],
      [-clockSkewSeconds.value, false],
      [-clockSkewSeconds.value - 1, true],
    ] as const) {
      const { doubt, answer } = setUp();
      answer("9.1.1.1", ageSec);
      answer("9.2.1.1", ageSec);
      assert.equal(doubt() !== undefined, isDoubted, `${ageSec}`);
    }
  });

  test("is said on the word of one peer that the operator named, where nobody says otherwise", () => {
    const { doubt, answer } = setUp({ bootstrap });
    answer("9.1.1.1", -HOUR_S, 0, BOOT);
    assert.equal(
      clockDoubtReason(doubt() ?? assert.fail()),
      "the advertisement that came is dated 60 min in the future",
    );
    answer("9.7.1.1", 5);
    assert.equal(doubt(), undefined);
  });

  test("is never said on the word of one network, however many stand in it", () => {
    const { doubt, logger, answer, relay } = setUp({ bootstrap });
    for (let host = 1; host < 200; host += 1) {
      answer(`9.1.1.${host}`, 3 * HOUR_S, 40, `crowd ${host}`);
      relay(`9.1.1.${host}`, "ahead");
    }
    assert.equal(doubt(), undefined);
    assert.deepEqual(logged(logger, "warn"), []);
  });

  test("is not said while as many networks agree as do not", () => {
    const { doubt, answer } = setUp();
    for (const n of [1, 2, 3]) answer(`9.${n}.1.1`, 3 * HOUR_S);
    for (const n of [4, 5]) answer(`9.${n}.1.1`, 10);
    assert.equal(doubt()?.peers, 3);
    answer("9.6.1.1", 10);
    assert.equal(doubt(), undefined);
  });

  test("is not said on words of peers whose network is not known", () => {
    const { doubt, answer } = setUp();
    for (const n of [1, 2, 3]) answer(undefined, 3 * HOUR_S, 0, `peer ${n}`);
    assert.equal(doubt(), undefined);
  });

  test("on a local network is said when two peers agree, all of whom stand in one network", () => {
    const { doubt, answer } = setUp({ localNetwork: true });
    answer("127.0.0.2", 3 * HOUR_S);
    assert.equal(doubt(), undefined);
    answer("127.0.0.3", 3 * HOUR_S);
    assert.equal(doubt()?.peers, 2);
  });

  test("is said when relays refuse this node's advertisement, though theirs look right here", () => {
    const { doubt, answer, relay } = setUp();
    answer("9.1.1.1", 600);
    relay("9.1.1.1", "ahead");
    relay("9.2.1.1", "ahead");
    assert.equal(
      clockDoubtReason(doubt() ?? assert.fail()),
      "2 relays refused this node's advertisement as one dated in the future",
    );
    answer("9.1.1.1", 600);
    assert.equal(doubt()?.direction, "ahead");
    relay("9.1.1.1", "right");
    assert.equal(doubt(), undefined);
  });

  test("a network whose words contradict each other says nothing", () => {
    const { doubt, answer, relay } = setUp();
    for (const n of [1, 2]) {
      answer(`9.${n}.1.1`, -3 * HOUR_S);
      relay(`9.${n}.1.1`, "ahead");
    }
    assert.equal(doubt(), undefined);
  });
});

suite("words about the clock", () => {
  test("are void when the clock is set, and that is told once somebody answers", () => {
    const { clock, doubt, logger, answer } = setUp();
    for (const n of [1, 2]) answer(`9.${n}.1.1`, -3 * HOUR_S);
    clock.step(3 * HOUR_S * 1_000);
    assert.equal(doubt(), undefined);
    answer("9.1.1.1", 3);
    assert.deepEqual(logged(logger, "info"), [
      "info the clock of this machine shows the same time as others do again {}",
    ]);
  });

  test("stay while the clock is moved by seconds", () => {
    const { clock, doubt, answer } = setUp();
    for (const n of [1, 2]) answer(`9.${n}.1.1`, -3 * HOUR_S);
    clock.step(2_000);
    assert.equal(doubt()?.peers, 2);
  });

  test("are forgotten after an hour", () => {
    const { clock, doubt, answer } = setUp();
    for (const n of [1, 2]) answer(`9.${n}.1.1`, -3 * HOUR_S);
    clock.advance(PEERS_LIMITS.clockWordMs.value);
    assert.equal(doubt()?.peers, 2);
    clock.advance(1);
    assert.equal(doubt(), undefined);
  });

  test("are kept of so many networks only, the latest", () => {
    const { doubt, answer } = setUp();
    for (const n of [1, 2, 3]) answer(`9.${n}.1.1`, -3 * HOUR_S);
    for (let n = 0; n < PEERS_LIMITS.clockWords.value - 1; n += 1) answer(`10.${n % 256}.1.1`.replace("10.", "11."), 5);
    answer("11.200.1.1", -3 * HOUR_S);
    answer("11.201.1.1", -3 * HOUR_S);
    assert.equal(doubt(), undefined);
    for (let n = 0; n < PEERS_LIMITS.clockWords.value; n += 1) answer(`12.${n}.1.1`, -3 * HOUR_S);
    assert.equal(doubt()?.peers, PEERS_LIMITS.clockWords.value);
  });

  test("that come and go fill no log: one warning an hour", () => {
    const { clock, logger, answer } = setUp();
    for (let round = 0; round < 10; round += 1) {
      for (const n of [1, 2]) answer(`9.${n}.1.1`, -3 * HOUR_S);
      for (const n of [1, 2]) answer(`9.${n}.1.1`, 5);
    }
    assert.equal(logged(logger, "warn").length, 1);
    clock.advance(PEERS_LIMITS.clockWordMs.value);
    for (const n of [1, 2]) answer(`9.${n}.1.1`, -3 * HOUR_S);
    assert.equal(logged(logger, "warn").length, 2);
  });
});
