import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { RecordingLogger } from "../../../test/support/recording-logger.ts";
import { signedPeer } from "../../../test/support/signed-peer.ts";
import { FakeClock } from "../../core/fake-clock.ts";
import { generateIdentity } from "../../identity/identity.ts";
import { openAdvertisement } from "../../peers/signed-advertisement.ts";
import { KeyWatch } from "./key-watch.ts";
import { SELF_LIMITS } from "./limits.ts";

const identity = generateIdentity();

/** Two machines with one key. */
function setUp() {
  const clock = new FakeClock();
  const logger = new RecordingLogger();
  let kept: unknown;
  let found = 0;
  const watch = (): KeyWatch =>
    new KeyWatch({
      clock,
      logger,
      state: { load: () => kept, save: (numbers) => (kept = JSON.parse(JSON.stringify(numbers))) },
      onFound: () => {
        found += 1;
      },
    });
  let seq = 0;
  const sign = (host = "9.9.9.9", key = identity): Uint8Array => {
    seq += 1;
    return signedPeer(clock, key, { seq, endpoints: [{ host, port: 4433 }] });
  };
  /** Signs, as the machine of `by` does. */
  const signBy = (by: KeyWatch): Uint8Array => {
    const envelope = sign();
    by.signed(openAdvertisement(envelope, { nowMs: clock.nowMs(), localNetwork: true }));
    return envelope;
  };
  return { clock, logger, watch, sign, signBy, found: () => found };
}

suite("another machine with this node's key", () => {
  test("is seen by what it signs, told once, and forgotten when that has expired", () => {
    const { clock, logger, watch, sign, signBy, found } = setUp();
    const own = watch();
    signBy(own);
    clock.advance(1_000);
    own.look(sign("9.8.8.8"));
    const issuedAtSec = clock.nowMs() / 1_000;
    assert.deepEqual(own.other, { endpoint: "9.8.8.8:4433", issuedAtSec, expiresAtSec: issuedAtSec + 7_200 });
    own.look(sign("9.8.8.9"));
    assert.equal(own.other?.endpoint, "9.8.8.9:4433");
    assert.equal(found(), 1);
    assert.equal(logger.lines.length, 1);
    assert.match(logger.lines[0] ?? "", /another machine runs with the same key.*9\.8\.8\.8:4433/);
    clock.advance(7_200_000);
    assert.equal(own.other, undefined);
  });

  test("is not seen in what this machine signed, before a restart too, whatever the clock showed then", () => {
    const { clock, watch, signBy, found } = setUp();
    const before = watch();
    const first = signBy(before);
    clock.step(240_000);
    const ahead = signBy(before);
    clock.step(-240_000);
    const after = watch();
    const again = signBy(after);
    for (const envelope of [first, ahead, again]) after.look(envelope);
    assert.equal(after.other, undefined);
    assert.equal(found(), 0);
  });

  test("is not seen in what it signed before this one started: the node may have moved", () => {
    const { clock, watch, sign, signBy } = setUp();
    const elsewhere = sign("9.8.8.8");
    clock.advance(1_000);
    const own = watch();
    signBy(own);
    own.look(elsewhere);
    assert.equal(own.other, undefined);
  });

  test("is seen though the clock was set back while the node ran", () => {
    const { clock, watch, sign, signBy } = setUp();
    const own = watch();
    signBy(own);
    clock.step(-3_600_000);
    signBy(own);
    own.look(sign("9.8.8.8"));
    assert.equal(own.other?.endpoint, "9.8.8.8:4433");
  });

  test("is not seen in what others made up, or cannot be read, or has expired", () => {
    const { clock, watch, sign, signBy } = setUp();
    const own = watch();
    signBy(own);
    const forged = Buffer.from(sign("9.8.8.8"));
    forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
    const old = sign("9.8.8.8");
    own.look(forged);
    own.look(Buffer.from("nothing"));
    clock.advance(7_200_000);
    own.look(old);
    assert.equal(own.other, undefined);
  });

  test("costs so many signatures a second, however many claim to be it", () => {
    const { watch, sign, signBy, clock } = setUp();
    const own = watch();
    signBy(own);
    const forged = Buffer.from(sign("9.8.8.8"));
    forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
    for (let n = 0; n < SELF_LIMITS.ownChecks.value; n += 1) own.look(forged);
    own.look(sign("9.8.8.8"));
    assert.equal(own.other, undefined);
    clock.advance(1_000);
    own.look(sign("9.8.8.8"));
    assert.notEqual(own.other, undefined);
  });

  test("is seen after more were signed than are kept, and their numbers are kept in bounds", () => {
    const { clock, logger, watch, sign, signBy } = setUp();
    const saved: number[] = [];
    const own = new KeyWatch({ clock, logger, state: { load: () => "junk", save: (n) => saved.push(n.length) } });
    for (let n = 0; n < SELF_LIMITS.signedNumbers.value + 5; n += 1) signBy(own);
    assert.equal(Math.max(...saved), SELF_LIMITS.signedNumbers.value);
    own.look(sign("9.8.8.8"));
    assert.notEqual(own.other, undefined);
    assert.equal(watch().other, undefined);
  });
});
