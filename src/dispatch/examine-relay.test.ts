import assert from "node:assert/strict";
import { test } from "node:test";
import { namedHop } from "../../test/support/cheap-pool.ts";
import { settled } from "../../test/support/settled.ts";
import type { Hop } from "../circuit/hop.ts";
import { CIRCUIT_LIMITS } from "../circuit/limits.ts";
import { BywayError } from "../core/errors.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { seededRandom } from "../core/random.ts";
import { examineRelay } from "./examine-relay.ts";
import { DISPATCH_LIMITS } from "./limits.ts";

type Way = "carries" | "refuses" | "hangs" | "unreached";

/** Examines `relay`; nodes are drawn in the order of `ways`, and those of `silent` do not answer the own check. */
function setUp(ways: Readonly<Record<string, Way>>, firstHops: readonly string[] = ["relay"], silent: string[] = []) {
  const clock = new FakeClock();
  const tried: string[] = [];
  const components = {
    clock,
    random: seededRandom(1),
    planner: {
      firstHops: () => firstHops.map(namedHop),
      behind: (relay: string, except: ReadonlySet<string>): readonly [Hop, Hop] | undefined => {
        const node = Object.keys(ways).find((name) => !except.has(name));
        return node === undefined ? undefined : [namedHop(relay), namedHop(node)];
      },
    },
    builder: {
      probe: async (
        before: readonly Hop[],
        node: Hop,
        signal: AbortSignal,
        _: () => void,
        onStanding: () => void = () => {},
      ): Promise<number> => {
        tried.push([...before, node].map(({ peerId }) => peerId).join(" "));
        const way = ways[String(node.peerId)];
        if (way !== "unreached") onStanding();
        if (way === "carries") return 30;
        if (way !== "hangs") throw new BywayError("ERR_HOP_UNREACHABLE", "so it says");
        return new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      },
    },
    check: async (node: string) => !silent.includes(node),
  };
  const stopping = new AbortController();
  return { clock, tried, stopping, examine: () => examineRelay(components, "relay", stopping.signal) };
}

test("a relay that carries to three nodes passes, though a crowd among them refuses it", async () => {
  const ways = { a: "refuses", b: "carries", c: "refuses", d: "carries", e: "carries", f: "carries" } as const;
  const { examine, tried, clock } = setUp(ways);
  assert.equal(await examine(), true);
  assert.deepEqual(tried, ["relay a", "relay b", "relay c", "relay d", "relay e"]);
  assert.equal(clock.pending, 0);
});

test("a relay that refuses three nodes that answer fails, though it carries to its friends", async () => {
  const ways = { a: "carries", b: "refuses", c: "refuses", d: "carries", e: "refuses" } as const;
  assert.equal(await setUp(ways).examine(), false);
});

test("a relay that says nothing refuses", async () => {
  const { examine, clock } = setUp({ a: "hangs", b: "refuses", c: "refuses" });
  const examined = examine();
  await settled();
  clock.advance(CIRCUIT_LIMITS.extendMs.value);
  assert.equal(await examined, false);
  assert.equal(clock.pending, 0);
});

test("an examination ends with the client, and what that cut off is no refusal", async () => {
  const { examine, tried, clock, stopping } = setUp({ a: "refuses", b: "refuses", c: "hangs", d: "refuses" });
  const examined = examine();
  await settled();
  stopping.abort();
  assert.equal(await examined, undefined);
  assert.deepEqual(tried, ["relay a", "relay b", "relay c"]);
  assert.equal(clock.pending, 0);
});

test("nodes that are silent by the own check do not count, and an examination ends", async () => {
  const names = Array.from({ length: 20 }, (_, index) => `n${index}`);
  const ways = Object.fromEntries(names.map((name) => [name, "refuses" as const]));
  const { examine, tried } = setUp(ways, ["relay"], names);
  assert.equal(await examine(), undefined);
  assert.equal(tried.length, DISPATCH_LIMITS.examinedNodes.value);
});

test("a relay that is no first hop is reached by way of one, whose failure says nothing of it", async () => {
  const { examine, tried } = setUp({ a: "carries", b: "carries", c: "carries" }, ["first"]);
  assert.equal(await examine(), true);
  assert.deepEqual(tried, ["first relay a", "first relay b", "first relay c"]);
  const cut = setUp({ a: "unreached", b: "unreached", c: "unreached" }, ["first"]);
  assert.equal(await cut.examine(), undefined);
  assert.deepEqual(cut.tried, ["first relay a"]);
  const none = setUp({ a: "carries" }, []);
  assert.equal(await none.examine(), undefined);
  assert.deepEqual(none.tried, []);
});
