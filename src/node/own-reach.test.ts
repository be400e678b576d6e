import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordingLogger } from "../../test/support/recording-logger.ts";
import { roomyBudget } from "../../test/support/roomy-budget.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { seededRandom } from "../core/random.ts";
import type { LocalNetwork } from "../egress/local-addresses.ts";
import { generateIdentity } from "../identity/identity.ts";
import { createReachCheck } from "./own-reach.ts";

test("a node whose address went from the machine says so within a minute, without asking anybody", async () => {
  const clock = new FakeClock();
  const listen = { host: "45.10.0.1", port: 4433 };
  let local: LocalNetwork = { addresses: ["127.0.0.1", listen.host], gateways: [], prefixes: [] };
  let drawn = 0;
  const reach = createReachCheck(
    {
      clock,
      random: { ...seededRandom(1), float: () => 0.999 },
      logger: new RecordingLogger(),
      budget: roomyBudget(),
      book: {
        find: (_query, _limit, order) => {
          // Else relays that were made up would be most of those that are drawn.
          assert.equal(order, "reached");
          drawn += 1;
          return [];
        },
      },
      envelope: () => new Uint8Array(),
      local: () => local,
    },
    { identity: generateIdentity(), listen, roles: ["relay"] },
    listen,
  );
  const settle = () => new Promise(setImmediate);
  reach.start();
  await settle();
  assert.equal(reach.state.state, "unknown");
  const looks = drawn;
  local = { ...local, addresses: ["127.0.0.1"] };
  // Of itself it would look again in 18 s.
  clock.advance(15_000);
  await settle();
  assert.match(reach.state.reason, /^no interface of this machine has the address/);
  assert.ok(drawn > looks);
  await reach.stop();
  assert.equal(clock.pending, 0);
});
