import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { until } from "../../test/support/proxy-fixture.ts";
import { RecordingLogger } from "../../test/support/recording-logger.ts";
import { roomyBudget } from "../../test/support/roomy-budget.ts";
import type { JsonValue } from "../core/errors.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { seededRandom } from "../core/random.ts";
import { generateIdentity } from "../identity/identity.ts";
import type { BookPeer } from "../peers/book-peer.ts";
import type { KnownPeer } from "../peers/known-peer.ts";
import { createNode } from "./node.ts";
import type { NodeOptions } from "./node-options.ts";
import { createBandwidthRecord, ownFacts } from "./own-facts.ts";
import type { BandwidthRecord } from "./self/bandwidth-record.ts";
import { SELF_LIMITS } from "./self/limits.ts";

const OPTIONS: NodeOptions = {
  identity: generateIdentity(),
  listen: { host: "127.0.0.1", port: 0 },
  roles: ["relay", "exit"],
};
const LIVED = {
  endpoint: { host: "127.0.0.1", port: 1 },
  policy: { acceptedPorts: [], protocols: [] },
  upSinceSec: 1_800_000_000,
  load: 0,
  bandwidth: undefined,
  availability: undefined,
};

/** Timers turn by hand; how long a transfer takes is real. */
class MeasuringClock extends FakeClock {
  override monotonicMs(): number {
    return performance.now();
  }
}

interface Measuring {
  readonly clock: FakeClock;
  readonly logger: RecordingLogger;
  readonly record: BandwidthRecord;
  /** What is kept over restarts. */
  readonly state: Map<string, JsonValue>;
}

function measuring(
  t: TestContext,
  peer: KnownPeer,
  options: NodeOptions,
  state = new Map<string, JsonValue>(),
): Measuring {
  const clock = new MeasuringClock();
  const logger = new RecordingLogger();
  const record = createBandwidthRecord(
    {
      clock,
      logger,
      random: seededRandom(1),
      budget: roomyBudget(),
      onChange: () => {},
      kept: {
        book: { find: () => [peer as BookPeer] },
        store: {
          readState: (name) => state.get(name),
          changeState: (name, change) => void state.set(name, change(state.get(name))),
        },
      },
    },
    options,
  );
  if (record === undefined) assert.fail("nothing is measured");
  t.after(() => record.stop());
  record.start();
  return { clock, logger, record, state };
}

async function servedPeer(t: TestContext): Promise<KnownPeer> {
  const peer = await createNode({ ...OPTIONS, identity: generateIdentity(), localNetwork: true });
  t.after(() => peer.stop());
  return peer.known();
}

test("a node measures its line with a peer by a real transfer, and knows the result after a restart", async (t) => {
  const peer = await servedPeer(t);
  const options = { ...OPTIONS, localNetwork: true };
  const { clock, record, state } = measuring(t, peer, options);
  assert.equal(record.bandwidth, undefined);
  clock.advance(SELF_LIMITS.measureRetryMs.value);
  await until(() => record.bandwidth !== undefined);
  const { upMbps, downMbps } = record.bandwidth ?? assert.fail();
  assert.ok(upMbps >= 1 && downMbps >= 1);
  const { record: restarted } = measuring(t, peer, options, state);
  assert.deepEqual(restarted.bandwidth, { upMbps, downMbps });
});

test("a node measures with nobody at a private address, unless its network is local", async (t) => {
  const { clock, logger } = measuring(t, await servedPeer(t), OPTIONS);
  clock.advance(SELF_LIMITS.measureRetryMs.value);
  await until(() => logger.lines.some((line) => /could not be measured.*no public endpoint/.test(line)));
});

test("what a node advertises comes from its options and its life", () => {
  const facts = ownFacts(
    { ...OPTIONS, capacityMbps: 50, price: { perGib: 10_000 }, family: ["mine"], claims: { country: "de" } },
    {
      ...LIVED,
      load: 0.5,
      bandwidth: { upMbps: 900, downMbps: 20 },
      availability: { last7Days: 0.5, last30Days: 0.25 },
    },
  );
  assert.deepEqual([facts.upMbps, facts.downMbps], [50, 20]);
  assert.deepEqual(facts.price, { microUsdcPerGiB: 10_000n, microUsdcPerRequest: 0n });
  assert.deepEqual([facts.family, facts.country, facts.load], [["mine"], "de", 0.5]);
  assert.deepEqual(facts.availability, { last7Days: 0.5, last30Days: 0.25 });
});

test("a node that nobody pays and that measured nothing says nothing of either", () => {
  const facts = ownFacts({ ...OPTIONS, roles: ["bootstrap"], price: {} }, LIVED);
  assert.deepEqual([facts.price, facts.upMbps, facts.availability], [undefined, undefined, undefined]);
  assert.deepEqual([facts.roles, facts.protocols], [["bootstrap"], []]);
});
