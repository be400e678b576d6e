import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import type { Circuit } from "../../src/circuit/circuit.ts";
import { CircuitBuilder } from "../../src/circuit/circuit-builder.ts";
import type { CircuitRequest, PathSelector } from "../../src/circuit/circuit-request.ts";
import type { Hop } from "../../src/circuit/hop.ts";
import { CIRCUIT_LIMITS } from "../../src/circuit/limits.ts";
import { BywayError } from "../../src/core/errors.ts";
import { FakeClock } from "../../src/core/fake-clock.ts";
import { systemRandom } from "../../src/core/random.ts";
import { DISPATCH_LIMITS } from "../../src/dispatch/limits.ts";
import { race } from "../../src/dispatch/race.ts";
import { parsePeerId } from "../../src/identity/peer-id.ts";
import { directTo } from "../../src/link/direct-way.ts";
import { verifyAdvertisement } from "../../src/peers/signed-advertisement.ts";
import { type NodeProcess, startNodeProcess } from "../support/node-process.ts";
import { poolBench } from "../support/pool-bench.ts";
import { startTcpTarget, type TargetFixture, until } from "../support/proxy-fixture.ts";
import { racedRequest } from "../support/raced-request.ts";
import { roomyBudget } from "../support/roomy-budget.ts";
import { tcpDialler } from "../support/tcp-dialler.ts";

const options = { skip: existsSync("/proc/self/fd") ? false : "this system cannot stop a process", timeout: 60_000 };
const EXITS = ["127.10.0.1", "127.20.0.1", "127.30.0.1", "127.40.0.1"];
const HEDGE_MS = 500;

/** Chooses the exits in turn. */
function inTurn(hops: readonly Hop[]): PathSelector {
  let turn = 0;
  return ({ failed, exit }) => {
    const order = hops.map((_, index) => hops[(turn + index) % hops.length]);
    const hop = order.find((each) => each && !failed.has(each.peerId) && (exit ?? each.peerId) === each.peerId);
    if (hop === undefined) throw new BywayError("ERR_NO_NODE", "nobody is left");
    turn = hops.indexOf(hop) + 1;
    return [hop];
  };
}

function hopOf({ address, advertisementFile }: NodeProcess): Hop {
  const envelope = Buffer.from(readFileSync(advertisementFile, "utf8").trim(), "base64url");
  return { peerId: parsePeerId(verifyAdvertisement(envelope).peer), ways: [directTo(address)] };
}

/** Four exits in processes of their own and a client's circuits, whose time stands still unless the test turns it. */
async function startBench(t: TestContext, sessionExit?: number) {
  const echo: TargetFixture = await startTcpTarget((socket) => socket.pipe(socket));
  t.after(() => echo[Symbol.asyncDispose]());
  const allowTargets = [echo.address];
  const nodes = await Promise.all(
    EXITS.map((host) => startNodeProcess(t, { host, country: "de", roles: "exit", allowTargets })),
  );
  const clock = new FakeClock(Date.now());
  const dialler = tcpDialler(clock);
  const bench = poolBench(
    clock,
    (observer) => new CircuitBuilder({ observer, clock, random: systemRandom, budget: roomyBudget(), dialler }),
  );
  const { pool } = bench;
  t.after(() => pool.stop());
  const hops = nodes.map(hopOf);
  const need = (user: string): CircuitRequest => ({
    group: { user, session: sessionExit === undefined ? "" : "strict", listener: "", constraints: "" },
    choose: inTurn(sessionExit === undefined ? hops : hops.slice(sessionExit, sessionExit + 1)),
    rotates: true,
  });
  /** Each try that succeeded or failed. */
  const attempts: { readonly circuit: Circuit; readonly error?: BywayError }[] = [];
  /** The exit of each try, in the order in which they began. */
  const begun: Hop[] = [];
  /** One request: a stream whose target answers. */
  const request = async (asked: CircuitRequest): Promise<string> => {
    const { made: stream, circuit } = await race(
      bench,
      racedRequest({
        ...asked,
        hedgeMs: () => HEDGE_MS,
        noteFailure: (failed, error) => void attempts.push({ circuit: failed, error }),
      }),
      (on, signal) => {
        begun.push(...on.hops);
        return on.openStream(echo.address, { signal });
      },
      (late) => late.on("error", () => {}).destroy(),
    );
    attempts.push({ circuit });
    stream.on("error", () => {}).write("hello");
    const [chunk] = await once(stream, "data");
    stream.destroy();
    return String(chunk);
  };
  return { nodes, clock, hops, need, request, attempts, begun };
}

test(
  "an exit is stopped while requests go on: others carry on at once, and nobody waits longer than for the hedge and a ping",
  options,
  async (t) => {
    const { nodes, clock, hops, need, request, attempts, begun } = await startBench(t);
    const own = need("a");
    const exits = (): Set<string | undefined> => new Set(attempts.map(({ circuit }) => circuit.hops.at(-1)?.peerId));
    while (exits().size < EXITS.length) await request(own);

    nodes[0]?.pause();
    const warm = begun.length;
    const count = 80;
    let answered = 0;
    const requests = Array.from({ length: count }, async () => {
      assert.equal(await request(own), "hello");
      answered += 1;
    });
    const all = Promise.all(requests);
    await until(() => begun.length - warm === count);
    const waiting = begun.slice(warm).filter((hop) => hop === hops[0]).length;
    const { hedgesSaved } = CIRCUIT_LIMITS;
    const { leastAnswerMs } = DISPATCH_LIMITS;
    assert.ok(waiting > hedgesSaved.value && waiting < count / 2, `${waiting} wait`);
    // No time has passed: the others answer as if nothing were.
    await until(() => answered === count - waiting);
    clock.advance(HEDGE_MS);
    await until(() => answered === count - waiting + hedgesSaved.value);
    clock.advance(leastAnswerMs.value);
    await all;

    const before = attempts.length;
    for (const user of ["a", "b", "c"]) for (let turn = 0; turn < 10; turn += 1) await request(need(user));
    const later = attempts.slice(before);
    assert.ok(later.every(({ circuit, error }) => error === undefined && circuit.hops[0] !== hops[0]));
  },
);

test(
  "a request of a strict session whose exit is stopped fails as soon as it is known to be silent",
  options,
  async (t) => {
    const { nodes, clock, need, request, attempts } = await startBench(t, 0);
    const own = need("a");
    await request(own);
    nodes[0]?.pause();
    const before = attempts.length;
    const failed = assert.rejects(request(own), { code: "ERR_HOP_TIMEOUT" });
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(HEDGE_MS);
    clock.advance(DISPATCH_LIMITS.leastAnswerMs.value);
    await failed;
    assert.equal(attempts.length, before + 1);
  },
);
