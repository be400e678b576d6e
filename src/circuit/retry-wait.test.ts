import assert from "node:assert/strict";
import { test } from "node:test";
import type { ErrorCode } from "../core/error-table.ts";
import { BywayError } from "../core/errors.ts";
import { type Random, seededRandom } from "../core/random.ts";
import { TRUST_LIMITS } from "../trust/limits.ts";
import { CIRCUIT_LIMITS } from "./limits.ts";
import { acceptedWithOwnWait, isPaced, restMs, withOwnWait } from "./retry-wait.ts";

/** Waits, in ms, of 200 clients whom a hop asked for `retryAfterSec` seconds. */
function waits(retryAfterSec: number | undefined, code: ErrorCode = "ERR_NODE_LIMIT"): readonly number[] {
  const random = seededRandom(7);
  const data = retryAfterSec === undefined ? {} : { retryAfterSec };
  return Array.from({ length: 200 }, () => {
    const told = withOwnWait(new BywayError(code, "full", { data }), random).data.retryAfterSec;
    assert.equal(typeof told, "number");
    return Number(told) * 1_000;
  });
}

/** The chance that is `value` each time. */
const always = (value: number): Random => ({ ...seededRandom(1), float: () => value });
const { leastRestMs, longestRestMs, restSpreadMs } = CIRCUIT_LIMITS;
const { failureMs } = TRUST_LIMITS;

test("a hop's number decides only the range in which a client draws its own", () => {
  for (const [askedSec, leastMs] of [
    [undefined, failureMs.value],
    [0, leastRestMs.value],
    [1, 1_000],
    [37, 37_000],
    [120, 120_000],
  ] as const) {
    const drawn = waits(askedSec);
    assert.ok(new Set(drawn).size > 150, `clients come at one time: ${new Set(drawn).size} for ${askedSec} s`);
    assert.ok(Math.min(...drawn) >= leastMs);
    assert.ok(Math.max(...drawn) < 2 * leastMs + restSpreadMs.value);
    // Also in whole seconds, as an app is told it.
    assert.ok(new Set(drawn.map((ms) => Math.ceil(ms / 1_000))).size > 2, `in whole seconds, for ${askedSec} s`);
  }
});

test("no number makes a client wait longer than the bound, and the bound itself is no one moment", () => {
  for (const askedSec of [150, 300, 301, 86_400, 99_999]) {
    const drawn = waits(askedSec);
    assert.ok(Math.max(...drawn) < longestRestMs.value);
    assert.ok(new Set(drawn).size > 150, `${askedSec} s`);
  }
  const closed = new BywayError("ERR_NODE_CLOSED", "closed", { data: { retryAfterSec: 86_400 } });
  assert.equal(withOwnWait(closed, always(0)).data.retryAfterSec, (longestRestMs.value - restSpreadMs.value) / 2_000);
});

test("that a hop asked for little is remembered, whatever is drawn", () => {
  for (const [code, askedSec, isBrief] of [
    ["ERR_NODE_LIMIT", 1, true],
    ["ERR_NODE_LIMIT", 2, true],
    ["ERR_NODE_LIMIT", 3, undefined],
    ["ERR_NODE_LIMIT", 0, undefined],
    ["ERR_NODE_CLOSED", 1, undefined],
  ] as const) {
    const own = withOwnWait(new BywayError(code, "full", { data: { retryAfterSec: askedSec } }), always(0.9));
    assert.equal(own.data.isBrief, isBrief, `${code} ${askedSec}`);
    assert.equal(isPaced(own), isBrief === true);
  }
});

test("everything else of the refusal stays", () => {
  const refusal = new BywayError("ERR_NODE_LIMIT", "full", { data: { status: 429, retryAfterSec: 5 }, retry: "never" });
  const { code, message, data, retry, cause } = withOwnWait(refusal, always(0.5));
  assert.deepEqual([code, message, data.status, retry, cause], ["ERR_NODE_LIMIT", "full", 429, "never", refusal]);
});

test("a hop cannot say when to come back for what is not its own", () => {
  for (const code of ["ERR_TARGET_REFUSED", "ERR_POLICY_TARGET", "ERR_HOP_UNREACHABLE"] as const) {
    const said = new BywayError(code, "so it says", { data: { status: 502, retryAfterSec: 86_400 } });
    assert.deepEqual(withOwnWait(said, always(0.5)).data, { status: 502 }, code);
    const silent = new BywayError(code, "so it says", { data: { status: 502 } });
    assert.equal(withOwnWait(silent, always(0.5)), silent);
  }
});

test("an answer that is accepted passes, and a refusal that nobody reads is handled", async () => {
  assert.equal(await acceptedWithOwnWait(Promise.resolve(1), always(0)), 1);
  const refusal = Promise.reject(new BywayError("ERR_NODE_LIMIT", "full", { data: { retryAfterSec: 5 } }));
  await assert.rejects(acceptedWithOwnWait(refusal, always(0)), { code: "ERR_NODE_LIMIT", data: { retryAfterSec: 5 } });
  void acceptedWithOwnWait(Promise.reject(new Error("nobody reads it")), always(0));
  await new Promise((resolve) => setImmediate(resolve));
});

test("a node is left in peace for as long as it asks, within bounds, and only where it speaks of itself", () => {
  const rest = (retryAfterSec?: number): number | undefined =>
    restMs(new BywayError("ERR_NODE_CLOSED", "closed", retryAfterSec === undefined ? {} : { data: { retryAfterSec } }));
  assert.equal(rest(), failureMs.value);
  assert.equal(rest(0), leastRestMs.value);
  assert.equal(rest(60), 60_000);
  assert.equal(rest(99_999), longestRestMs.value);
  assert.equal(restMs(new BywayError("ERR_TARGET_REFUSED", "refused", { data: { retryAfterSec: 60 } })), undefined);
});
