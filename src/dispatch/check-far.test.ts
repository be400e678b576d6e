import assert from "node:assert/strict";
import { test } from "node:test";
import { advertisedNode } from "../../test/support/advertised-node.ts";
import { namedHop } from "../../test/support/fake-circuit.ts";
import { settled } from "../../test/support/settled.ts";
import type { Hop } from "../circuit/hop.ts";
import { BywayError } from "../core/errors.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { seededRandom } from "../core/random.ts";
import { LIVENESS_LIMITS } from "../liveness/limits.ts";
import { checkFar } from "./check-far.ts";

type Probe = "answers" | "refuses" | "hangs";

function setUp(ways: Readonly<Record<string, Probe>>, ...between: readonly string[]) {
  const clock = new FakeClock();
  const node = advertisedNode();
  const tried: string[] = [];
  const components = {
    clock,
    random: seededRandom(1),
    planner: {
      firstHops: () => [...Object.keys(ways), node.advertisement.peer].map(namedHop),
      relayBefore: (_: string, used: ReadonlySet<string>) => {
        const relay = between.find((peer) => !used.has(peer)) ?? between[0];
        return relay === undefined ? undefined : namedHop(relay);
      },
    },
    builder: {
      probe: async (before: readonly Hop[], _: unknown, signal: AbortSignal): Promise<number> => {
        tried.push(before.map(({ peerId }) => peerId).join(" "));
        const way = ways[String(before[0]?.peerId)];
        if (way === "answers") return 30;
        if (way === "refuses") throw new BywayError("ERR_HOP_UNREACHABLE", "so it says");
        return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      },
    },
  };
  const check = (signal = new AbortController().signal) => checkFar(components, node, signal, () => {});
  return { clock, check, tried };
}

test("one first hop that carries to a node is enough, whatever another says", async () => {
  for (const lie of ["refuses", "hangs"] as const) {
    const { clock, check, tried } = setUp({ liar: lie, honest: "answers" });
    const found = check();
    await settled();
    clock.advance(LIVENESS_LIMITS.checkMs.value / 2);
    assert.equal(await found, 30);
    assert.ok(tried.includes("honest"));
    assert.equal(clock.pending, 0);
  }
});

test("it takes two first hops to hold silence against a node, and it is no witness of its own", async () => {
  await assert.rejects(setUp({ one: "refuses", two: "refuses" }).check(), { code: "ERR_HOP_UNREACHABLE" });
  assert.equal(await setUp({ one: "refuses" }).check(), undefined);
  const { check, tried } = setUp({});
  assert.equal(await check(), undefined);
  assert.deepEqual(tried, []);
});

test("it ends when it is taken back", async () => {
  const { clock, check, tried } = setUp({ one: "hangs", two: "hangs" });
  const taken = new AbortController();
  const found = check(taken.signal);
  taken.abort(new BywayError("ERR_ABORTED", "stopped"));
  await assert.rejects(found, { code: "ERR_ABORTED" });
  assert.equal(tried.length, 1);
  assert.equal(clock.pending, 0);
});

test("another relay stands between the first hop and the node where there is one", async () => {
  const { check, tried } = setUp({ one: "answers" }, "between");
  assert.equal(await check(), 30);
  assert.deepEqual(tried, ["one between"]);
});

test("its two ways share no hop, since one that lies would be both witnesses", async () => {
  const { check, tried } = setUp({ one: "refuses", two: "refuses" }, "one", "between", "other");
  await assert.rejects(check(), { code: "ERR_HOP_UNREACHABLE" });
  assert.deepEqual(
    tried.map((way) => way.split(" ")[1]),
    ["between", "other"],
  );
});
