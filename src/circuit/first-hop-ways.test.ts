import assert from "node:assert/strict";
import { test } from "node:test";
import { onlyHops } from "../../test/support/hops.ts";
import { serveLink } from "../../test/support/link-bench.ts";
import { NamedWays } from "../../test/support/named-way.ts";
import { roomyBudget } from "../../test/support/roomy-budget.ts";
import { systemClock } from "../core/clock.ts";
import { systemRandom } from "../core/random.ts";
import { MemoryTransport } from "../link/memory-transport.ts";
import { WayDialler } from "../link/way-dialler.ts";
import { Observer } from "../trust/observer.ts";
import { CircuitBuilder } from "./circuit-builder.ts";

test("a first hop is reached by its next way when one fails, and only its last failure is held against it", async (t) => {
  const clock = systemClock;
  const budget = roomyBudget();
  const transport = new MemoryTransport();
  const served = await serveLink(transport, {});
  t.after(() => served[Symbol.asyncDispose]());
  const named = new NamedWays();
  const { peerId } = served.identity;
  const observer = new Observer({ clock });
  const failed: string[] = [];
  observer.subscribe(({ what }) => failed.push(what));
  const dialler = new WayDialler({ clock, budget, transport }, [named]);
  const builder = new CircuitBuilder({ observer, clock, random: systemRandom, budget, dialler });
  const build = (...names: readonly string[]) =>
    builder.build(onlyHops([{ peerId, ways: names.map((via) => named.way(via)) }]));
  named.hold("relay", peerId, (far) => served.server.accept(far));
  const circuit = await build("gone", "relay");
  assert.deepEqual(named.tried, ["gone", "relay"]);
  assert.deepEqual(failed, []);
  circuit.destroy();
  await circuit.closed;
  await assert.rejects(build("gone", "gone too"), {
    code: "ERR_HOP_UNKNOWN",
    message: /^hop 1 of 1 .* failed at dial: gone too does not hold the peer/,
  });
  assert.deepEqual(failed, ["failed"]);
});
