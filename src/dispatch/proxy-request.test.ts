import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { ALL_KNOWN, answeringNodes, indexOf, node } from "../../test/support/candidates.ts";
import type { Hop } from "../circuit/hop.ts";
import { BywayError } from "../core/errors.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { seededRandom } from "../core/random.ts";
import { generateIdentity } from "../identity/identity.ts";
import type { CandidateIndex } from "../routing/candidate-index.ts";
import type { Constraints } from "../routing/constraints.ts";
import { SessionTable } from "../routing/session-table.ts";
import { MemoryRecords } from "../storage/record-keeper.ts";
import { PathPlanner } from "./path-planner.ts";
import { ProxyRequest } from "./proxy-request.ts";
import { RequestLog } from "./request-log.ts";

const IDS: readonly string[] = Array.from({ length: 8 }, () => generateIdentity().peerId);
const OPTIONS = { listener: "", rotation: "request", preset: "balanced" } as const;

interface Site {
  readonly clock: FakeClock;
  readonly index: CandidateIndex;
  /** A request to `port`, 443 by default, of the user `ann` unless `who` says otherwise. */
  ask(
    constraints: Constraints,
    port?: number,
    who?: { readonly user?: string; readonly listener?: string },
  ): ProxyRequest;
}

function site(): Site {
  const clock = new FakeClock();
  const acceptedPorts = [{ first: 80, last: 443 }];
  const index = indexOf(
    IDS.map((id) => node(id, { acceptedPorts })),
    ALL_KNOWN,
  );
  const planner = new PathPlanner(
    { peers: answeringNodes(index), guards: { guards: () => [] }, random: seededRandom(1) },
    { defaultHops: 1 },
  );
  const log = new RequestLog({ clock, random: seededRandom(1) });
  const { signal } = new AbortController();
  const sessions = new SessionTable({ clock, records: new MemoryRecords() });
  const ask: Site["ask"] = (constraints, port = 443, { user = "ann", listener = "" } = {}) =>
    new ProxyRequest(
      { planner, sessions, experience: { expectedMs: () => undefined } },
      { user, constraints, target: { host: "a.example", port } },
      { ...OPTIONS, listener },
      { protocol: "tcp", entry: log.begin({ user, listener, protocol: "tcp", constraints: "" }), signal },
    );
  return { clock, index, ask };
}

function exitOf(asked: ProxyRequest, failed: readonly string[] = []): Hop {
  const exit = asked.choose({ kept: [], failed: new Set(failed) }).at(-1);
  assert.ok(exit !== undefined);
  return exit;
}

suite("a request's claim on a circuit", () => {
  test("two requests that leave a session's exit at once do not undo each other's choice", () => {
    const { ask } = site();
    const session = { session: "s" };
    const before = ask(session);
    const gone = exitOf(before);
    before.hold(gone);
    const [first, second] = [ask(session), ask(session)];
    const one = exitOf(first, [gone.peerId]);
    const other = exitOf(second, [gone.peerId, one.peerId]);
    assert.notEqual(one.peerId, other.peerId);
    assert.deepEqual(first.hold(one), { from: gone.peerId, reason: "failed" });
    assert.equal(second.hold(other), undefined);
    assert.equal(exitOf(ask(session)).peerId, one.peerId);
  });

  test("what failed for a session with an exit is remembered for that session alone", () => {
    const { ask } = site();
    const session = { session: "s" };
    const askers = [{}, { user: "bob" }, { listener: "l" }];
    assert.equal(new Set(askers.map((who) => ask(session, 443, who).nodesKey)).size, 1, "any exit will do for each");
    for (const who of askers) {
      const asked = ask(session, 443, who);
      asked.hold(exitOf(asked));
    }
    const other = ask({ session: "t" });
    other.hold(exitOf(other));
    const keys = [...askers.map((who) => ask(session, 443, who)), ask({ session: "t" }), ask({}), ask(session, 80)];
    assert.equal(new Set(keys.map(({ nodesKey }) => nodesKey)).size, keys.length);
  });

  test("a stream that was opened in one period holds no exit for the next", () => {
    const { clock, ask } = site();
    const session = { session: "s", sessionSec: 60 };
    const late = ask(session);
    const old = exitOf(late);
    late.hold(old);
    const slow = ask(session);
    assert.equal(exitOf(slow).peerId, old.peerId);
    clock.advance(60_000);
    const next = ask(session);
    const fresh = exitOf(next);
    assert.notEqual(fresh.peerId, old.peerId);
    slow.hold(old);
    assert.deepEqual(next.hold(fresh), { from: old.peerId, reason: "expired" });
  });

  test("a circuit fits no request for a port that its exit says it refuses", () => {
    const { ask } = site();
    for (const constraints of [{}, { session: "s" }]) {
      const asked = ask(constraints);
      const exit = exitOf(asked);
      asked.hold(exit);
      assert.deepEqual([ask(constraints, 443).fits(exit), ask(constraints, 25).fits(exit)], [true, false]);
    }
  });

  test("a strict request of a session that another request moved gets the first exit, or a refusal that says so", () => {
    const { index, ask } = site();
    const session = { session: "s" };
    const before = ask(session);
    const gone = exitOf(before);
    before.hold(gone);
    const other = ask(session);
    const next = exitOf(other, [gone.peerId]);
    other.hold(next);
    const strict = { ...session, strict: true };
    assert.equal(exitOf(ask(strict)).peerId, gone.peerId);
    assert.deepEqual([ask(strict).fits(gone), ask(strict).fits(next)], [true, false]);
    assert.equal(ask(strict).explain().hops.at(-1)?.peerId, gone.peerId);
    const refused = {
      code: "ERR_SESSION_EXIT",
      message: /can no longer be used.*; another request has moved the session to/,
    };
    assert.throws(() => exitOf(ask(strict), [gone.peerId]), refused);
    index.remove(gone.peerId);
    assert.throws(() => exitOf(ask(strict)), refused);
    assert.throws(() => ask(strict).explain(), refused);
  });

  test("of two requests that begin a session at once, a strict one with the other exit is refused", () => {
    const { ask } = site();
    const strict = { session: "s", strict: true };
    const [first, second] = [ask(strict), ask(strict)];
    const one = exitOf(first);
    const other = exitOf(second, [one.peerId]);
    first.hold(one);
    assert.throws(() => second.hold(other), {
      code: "ERR_SESSION_EXIT",
      data: { peerId: one.peerId, movedTo: other.peerId },
    });
  });

  test("a strict session that ends while its request fails still tells why the request failed", () => {
    const { clock, ask } = site();
    const session = { session: "s", sessionSec: 1, strict: true };
    const first = ask(session);
    first.hold(exitOf(first));
    const asked = ask(session);
    exitOf(asked);
    clock.advance(1_000);
    const failure = asked.failure(new BywayError("ERR_HOP_UNREACHABLE", "nobody is there"));
    assert.equal(failure.code, "ERR_SESSION_EXIT");
  });
});
