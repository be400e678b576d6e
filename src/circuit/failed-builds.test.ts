import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { cheapPool, inTurn } from "../../test/support/cheap-pool.ts";
import { requestOf } from "../../test/support/hops.ts";
import { settled } from "../../test/support/settled.ts";
import { BywayError } from "../core/errors.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { isNobodyLeft, nobodyLeft } from "./build-failure.ts";
import type { Circuit } from "./circuit.ts";
import { FailedBuilds } from "./failed-builds.ts";
import { CIRCUIT_LIMITS } from "./limits.ts";

const { failedBuilds, failedBuildPauseMs, failedBuildPauseMaxMs, failedBuildLeastMs, failedBuildForgetMs } =
  CIRCUIT_LIMITS;

function bench() {
  const clock = new FakeClock();
  const version = { now: 0 };
  const memory = new FailedBuilds({ clock, version: () => version.now });
  const dead = () => nobodyLeft(new BywayError("ERR_HOP_UNREACHABLE", "hop 1 of 1 failed", { data: { hop: 1 } }));
  /** A build for `key` that ends as `end` says. */
  const build = async (key: string, end: BywayError | undefined): Promise<void> => {
    memory.follow({ nodesKey: key }, end === undefined ? Promise.resolve({} as Circuit) : Promise.reject(end));
    await settled();
  };
  /** How long until a request for `key` may try again. */
  const pauseMs = (key: string): number => {
    const sinceMs = clock.monotonicMs();
    for (;;) {
      try {
        assert.equal(memory.trial(key), undefined);
        return clock.monotonicMs() - sinceMs;
      } catch (error) {
        if (!(error instanceof BywayError)) throw error;
        clock.advance(1);
      }
    }
  };
  return { clock, memory, version, dead, build, pauseMs };
}

suite("builds that failed at every node that fits", () => {
  test("are followed by pauses, each twice as long, up to a bound, until one succeeds or nobody asks", async () => {
    const { clock, memory, dead, build, pauseMs } = bench();
    const pauses: number[] = [];
    for (let n = 0; n < 5; n += 1) {
      await build("a", dead());
      pauses.push(pauseMs("a"));
    }
    const [least, most] = [failedBuildPauseMs.value, failedBuildPauseMaxMs.value];
    assert.deepEqual(pauses, [least, 2 * least, most, most, most]);
    assert.equal(pauseMs("b"), 0);
    await build("a", undefined);
    assert.equal(memory.size, 0);
    await Promise.all([build("a", dead()), build("a", dead())]);
    assert.equal(pauseMs("a"), least, "builds that ran beside each other count once");
    await build("a", dead());
    clock.advance(failedBuildPauseMaxMs.value + failedBuildForgetMs.value);
    await build("a", dead());
    assert.equal(pauseMs("a"), least);
  });

  test("are told again during the pause: what failed, and when it is tried again", async () => {
    const { memory, dead, build } = bench();
    const error = dead();
    await build("a", error);
    assert.throws(() => memory.trial("a"), {
      code: "ERR_HOP_UNREACHABLE",
      message: "hop 1 of 1 failed; no other node fits, and these are tried again within 1 s",
      data: { hop: 1, retryAfterSec: 1 },
      cause: error,
    });
  });

  test("are tried again by one request, for which the others wait", async () => {
    const { clock, memory, dead, build } = bench();
    await build("a", dead());
    clock.advance(failedBuildPauseMs.value);
    assert.equal(memory.trial("a"), undefined);
    const { promise, resolve } = Promise.withResolvers<Circuit>();
    memory.follow({ nodesKey: "a" }, promise);
    const trial = memory.trial("a");
    assert.ok(trial instanceof Promise);
    resolve({} as Circuit);
    await trial;
    assert.deepEqual([memory.trial("a"), memory.size], [undefined, 0]);
  });

  test("are tried again soon when a node came or went, and not with each", async () => {
    const { version, dead, build, pauseMs } = bench();
    for (let n = 0; n < 3; n += 1) {
      await build("a", dead());
      version.now += 1;
      assert.equal(pauseMs("a"), failedBuildLeastMs.value);
    }
  });

  test("are remembered within a bound", async () => {
    const { memory, dead, build } = bench();
    for (let n = 0; n <= failedBuilds.value; n += 1) await build(String(n), dead());
    assert.equal(memory.size, failedBuilds.value);
    assert.equal(memory.trial("0"), undefined);
    assert.throws(() => memory.trial("1"));
  });

  test("are none of those that had another reason, or failed while others might do", async () => {
    const { memory, build } = bench();
    await build("a", new BywayError("ERR_HOP_UNREACHABLE", "three of many failed"));
    await build("b", nobodyLeft(new BywayError("ERR_ABORTED", "the request was aborted")));
    await build("c", nobodyLeft(new BywayError("ERR_HOP_LIMIT", "it is busy")));
    memory.follow({}, Promise.reject(nobodyLeft(new BywayError("ERR_HOP_LOST", "gone"))));
    await settled();
    assert.equal(memory.size, 0);
    assert.equal(isNobodyLeft(new BywayError("ERR_HOP_LOST", "gone")), false);
  });
});

test("who has a circuit keeps it while nobody can build one, and who is left without some peers may build", async () => {
  const { pool, clock, network } = cheapPool(0);
  const need = (user: string) => ({ ...requestOf(user, inTurn("x")), nodesKey: "k" });
  const ready = await pool.circuit(need("a"));
  network.down = true;
  await assert.rejects(pool.circuit(need("b")), { code: "ERR_HOP_UNREACHABLE" });
  const { asked } = network;
  await assert.rejects(pool.circuit(need("c")), { message: /tried again within 1 s$/ });
  assert.equal(network.asked, asked);
  assert.equal(await pool.circuit(need("a")), ready);
  await assert.rejects(pool.circuit(need("d"), { failed: new Set(["y"]) }), { message: "nobody answers there" });
  assert.equal(network.asked, asked + 1);
  network.down = false;
  clock.advance(failedBuildPauseMs.value);
  await pool.circuit(need("b"));
  await pool.circuit(need("c"));
  await pool.stop();
});
