import assert from "node:assert/strict";
import { test } from "node:test";
import { namedHop } from "../../test/support/fake-circuit.ts";
import { settled } from "../../test/support/settled.ts";
import type { Hop } from "../circuit/hop.ts";
import { CIRCUIT_LIMITS } from "../circuit/limits.ts";
import { BywayError } from "../core/errors.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { seededRandom } from "../core/random.ts";
import { examineRelay } from "./examine-relay.ts";
import { DISPATCH_LIMITS } from "./limits.ts";

type Way = "carries" | "refuses" | "hangs" | "unreached" | "cut off";

/** Examines `relay`; nodes are drawn in the order of `ways`, and those of `silent` do not answer the own check. */
function setUp(
  ways: Readonly<Record<string, Way>>,
  firstHops: readonly string[] = ["relay"],
  silent: string[] = [],
  cutter = "",
) {
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
        onFailed: (isThere: boolean) => void = () => {},
      ): Promise<number> => {
        tried.push([...before, node].map(({ peerId }) => peerId).join(" "));
        const way = String(before[0]?.peerId) === cutter ? "cut off" : ways[String(node.peerId)];
        if (way === "carries") return 30;
        if (way === "hangs") {
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
          onFailed(true);
          throw signal.reason;
        }
        if (way !== "unreached") onFailed(way !== "cut off");
        throw new BywayError("ERR_HOP_UNREACHABLE", "so it says");
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

test("a first hop that cuts the relay off in the middle says nothing of it", async () => {
  const ways = { a: "carries", b: "carries", c: "carries", d: "carries" } as const;
  const { examine, tried } = setUp(ways, ["cutter", "first"], [], "cutter");
  assert.equal(await examine(), true);
  assert.ok(tried.filter((path) => path.startsWith("cutter")).length <= 1, tried.join(", "));
  const alone = setUp(ways, ["cutter"], [], "cutter");
  assert.equal(await alone.examine(), undefined);
  assert.equal(alone.tried.length, 4);
});

test("a relay that is silent after it refused, behind two first hops or as one itself, fails", async () => {
  const ways = { a: "cut off", b: "cut off", c: "cut off" } as const;
  const behind = setUp(ways, ["first", "second"]);
  assert.equal(await behind.examine(), false);
  assert.deepEqual(new Set(behind.tried.map((path) => path.split(" ")[0])), new Set(["first", "second"]));
  assert.equal(await setUp(ways, ["relay", "first"]).examine(), false);
});
