import assert from "node:assert/strict";
import { test } from "node:test";
import { someLink } from "../../test/support/some-link.ts";
import { BywayError } from "../core/errors.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { HOUR_MS } from "../core/units.ts";
import type { LinkSession } from "../link/link-session.ts";
import { RELAY_LIMITS } from "./limits.ts";
import { ProofBounds, type ProofBoundsOptions, type ProofTicket } from "./proof-bounds.ts";

const from = (id: number, network = id): LinkSession => someLink(id, `203.${network >> 8}.${network & 255}.9`);

function setUp(options: ProofBoundsOptions = {}) {
  const clock = new FakeClock();
  const bounds = new ProofBounds({ clock, random: { bytes: (count) => new Uint8Array(count).fill(7) } }, options);
  let host = 0;
  /** A new host in a new network each time. */
  const somewhere = () => {
    host += 1;
    return { host: `100.${host >> 8}.${host & 255}.1`, port: 4433 };
  };
  /** How many attempts of `who` are let through, one after the other, and what refused the next one. */
  const use = (who: (n: number) => LinkSession, where = somewhere): { count: number; by: string; waitSec: unknown } => {
    for (let count = 0; count < 10_000; count += 1) {
      try {
        const ticket = bounds.admit(who(count), where());
        if (ticket === undefined) return { count, by: "place", waitSec: 0 };
        ticket.failed();
      } catch (error) {
        assert.ok(error instanceof BywayError && error.code === "ERR_STREAM_LIMIT");
        return { count, by: String(error.data.by), waitSec: error.data.retryAfterSec };
      }
    }
    return assert.fail("nothing bounds it");
  };
  return { clock, bounds, somewhere, use };
}

test("a link, a network and the node each have a burst, and a few more a minute", () => {
  const { clock, use } = setUp();
  const { unprovenBurstOfLink, unprovenBurstOfNetwork } = RELAY_LIMITS;
  assert.deepEqual(
    use(() => from(1)),
    { count: unprovenBurstOfLink.value, by: "unproven hops of a link", waitSec: 6 },
  );
  const left = unprovenBurstOfNetwork.value - unprovenBurstOfLink.value;
  assert.deepEqual(
    use((n) => from(2 + n, 1)),
    { count: left, by: "unproven hops of a network", waitSec: 2 },
  );
  clock.advance(60_000);
  assert.equal(use(() => from(1)).count, RELAY_LIMITS.unprovenPerMinuteOfLink.value);
  const perMinute = RELAY_LIMITS.unprovenPerMinuteOfNetwork.value - RELAY_LIMITS.unprovenPerMinuteOfLink.value;
  assert.equal(use((n) => from(200 + n, 1)).count, perMinute);
});

test("all networks together have a bound, of which the last fourth is for who did not fail lately", () => {
  const { clock, use } = setUp();
  const { unprovenBurst, unprovenPerMinute } = RELAY_LIMITS;
  // Twelve links of six networks take turns; each stays below its own bound.
  const busy = use((n) => from(n % 12, n % 6));
  assert.deepEqual([busy.count, busy.by], [(unprovenBurst.value * 3) / 4, "unproven hops"]);
  const quietLinks = use((n) => from(100 + n, n % 6));
  assert.deepEqual([quietLinks.count, quietLinks.by], [unprovenBurst.value / 8, "unproven hops"]);
  const quiet = use((n) => from(1_000 + n, 1_000 + n));
  assert.deepEqual([quiet.count, quiet.by], [unprovenBurst.value / 8, "unproven hops"]);
  clock.advance(60_000);
  assert.equal(use((n) => from(5_000 + n, 5_000 + n)).count, unprovenPerMinute.value);
});

test("one of several processes has its part of what is for the node", () => {
  const { use } = setUp({ processes: 4 });
  assert.equal(use((n) => from(n, n)).count, RELAY_LIMITS.unprovenBurst.value / 4);
});

test("a peer that proves itself costs nothing, and what is under way counts", () => {
  const { bounds, somewhere } = setUp();
  for (let n = 0; n < 5_000; n += 1) bounds.admit(from(1), somewhere())?.succeeded();
  const open: (ProofTicket | undefined)[] = [];
  for (let n = 0; n < RELAY_LIMITS.unprovenBurstOfLink.value; n += 1) open.push(bounds.admit(from(1), somewhere()));
  assert.throws(() => bounds.admit(from(1), somewhere()), { code: "ERR_STREAM_LIMIT" });
  for (const ticket of open) {
    ticket?.succeeded();
    // Only how it ended first counts.
    ticket?.succeeded();
    ticket?.failed();
  }
  assert.equal(open.length, setUp().use(() => from(1)).count);
  for (let n = 0; n < RELAY_LIMITS.unprovenBurstOfLink.value; n += 1) bounds.admit(from(1), somewhere())?.failed();
  assert.throws(() => bounds.admit(from(1), somewhere()), { code: "ERR_STREAM_LIMIT" });
});

test("of one host few ports may be named within an hour, by one network and by all", () => {
  const { clock, bounds } = setUp();
  const tries = (network: number, port: number, host = "198.51.100.1"): boolean => {
    const ticket = bounds.admit(from(network), { host, port });
    ticket?.failed();
    return ticket !== undefined;
  };
  assert.deepEqual(
    [22, 80, 443, 80].map((port) => tries(1, port)),
    [true, true, false, true],
  );
  assert.deepEqual(
    [443, 8443, 25_000].map((port) => tries(2, port)),
    [true, true, false],
  );
  // Four ports in all: others may name these, and none besides.
  assert.deepEqual(
    [22, 9, 8443].map((port) => tries(3, port)),
    [true, false, true],
  );
  assert.ok(tries(1, 22, "198.51.100.2"));
  clock.advance(HOUR_MS - 1);
  assert.equal(tries(4, 9), false);
  clock.advance(1);
  assert.ok(tries(4, 9));
});

test("a port where the peer proved itself does not count", () => {
  const { bounds } = setUp();
  for (let port = 1; port <= 100; port += 1) bounds.admit(from(1), { host: "198.51.100.1", port })?.succeeded();
  assert.notEqual(bounds.admit(from(1), { host: "198.51.100.1", port: 443 }), undefined);
});

test("one network of endpoints is named a few times a minute, whoever asks, and who did not fail lately has the last fourth", () => {
  const { clock, use } = setUp();
  const { unprovenBurstToNetwork, unprovenPerMinuteToNetwork } = RELAY_LIMITS;
  let last = 0;
  const inside = () => {
    last += 1;
    return { host: `198.51.100.${last & 255}`, port: 4433 };
  };
  const busy = use((n) => from(n % 2), inside);
  assert.deepEqual([busy.count, busy.by], [(unprovenBurstToNetwork.value * 3) / 4, "place"]);
  assert.equal(use((n) => from(50 + n, n % 2), inside).count, unprovenBurstToNetwork.value / 8);
  assert.equal(use((n) => from(100 + n), inside).count, unprovenBurstToNetwork.value / 8);
  clock.advance(60_000);
  assert.equal(use((n) => from(200 + n), inside).count, unprovenPerMinuteToNetwork.value);
});

test("in a local network hosts and networks are shared by nodes, and not bounded", () => {
  const { bounds } = setUp({ localNetwork: true });
  for (let port = 1; port <= 200; port += 1) {
    assert.notEqual(bounds.admit(from(port), { host: "127.0.0.1", port }), undefined);
  }
});

test("proofs of every kind have a pace, for a network and for all", () => {
  const { clock, bounds } = setUp();
  const pace = (who: (n: number) => LinkSession): number => {
    for (let n = 0; n < 10_000; n += 1) {
      try {
        bounds.pace(who(n));
      } catch (error) {
        assert.equal((error as BywayError).code, "ERR_STREAM_LIMIT");
        return n;
      }
    }
    return assert.fail("nothing bounds it");
  };
  const { proofBurst, proofBurstOfNetwork, proofsPerSecond, proofsPerSecondOfNetwork } = RELAY_LIMITS;
  assert.equal(
    pace((n) => from(n, 1)),
    proofBurstOfNetwork.value,
  );
  assert.equal(
    pace((n) => from(n, 2 + n)),
    proofBurst.value - proofBurstOfNetwork.value,
  );
  clock.advance(1_000);
  assert.equal(
    pace((n) => from(n, 1)),
    proofsPerSecondOfNetwork.value,
  );
  assert.equal(
    pace((n) => from(n, 1_000 + n)),
    proofsPerSecond.value - proofsPerSecondOfNetwork.value,
  );
});
