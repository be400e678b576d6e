import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { ALL_KNOWN, indexOf, node } from "../../test/support/candidates.ts";
import { dispatchSite } from "../../test/support/dispatch-site.ts";
import { roomyBudget } from "../../test/support/roomy-budget.ts";
import { CircuitBuilder } from "../circuit/circuit-builder.ts";
import { CIRCUIT_LIMITS } from "../circuit/limits.ts";
import { BywayError, toBywayError } from "../core/errors.ts";
import { seededRandom } from "../core/random.ts";
import { generateIdentity } from "../identity/identity.ts";

const TARGET = { host: "192.0.2.1", port: 53 };
const NODES = Array.from({ length: 6 }, () => generateIdentity().peerId);
const { signal } = new AbortController();

suite("requests whose only nodes are dead, a hundred a second", () => {
  const PERIOD_MS = 10;
  const request = { target: TARGET, constraints: { countries: ["us"] }, user: "" };

  function deadSite(t: TestContext) {
    const dials: number[] = [];
    const index = indexOf(
      NODES.map((peerId) => node(peerId, { country: "us" })),
      ALL_KNOWN,
    );
    const { router, clock } = dispatchSite(t, index, (own, observer) => {
      const reach = async (): Promise<never> => {
        dials.push(own.monotonicMs());
        throw new BywayError("ERR_HOP_UNREACHABLE", "nobody is there");
      };
      return new CircuitBuilder({
        observer,
        clock: own,
        random: seededRandom(1),
        budget: roomyBudget(),
        dialler: { reach },
      });
    });
    return { router, clock, dials };
  }

  for (const [what, asked] of [
    ["without a session", () => request],
    [
      "each with a session of its own",
      (n: number) => ({ ...request, constraints: { ...request.constraints, session: `s${n}` } }),
    ],
    ["each of another user", (n: number) => ({ ...request, user: `user ${n}` })],
  ] as const) {
    test(`dial them about once in two seconds, and say what failed, ${what}`, { timeout: 20_000 }, async (t) => {
      const { router, clock, dials } = deadSite(t);
      const seconds = 20;
      for (let n = 0; n < (seconds * 1_000) / PERIOD_MS; n += 1) {
        await assert.rejects(router.openStream(asked(n), signal), {
          code: "ERR_HOP_UNREACHABLE",
          message: /^hop 1 of 1 .* failed at dial: nobody is there/,
        });
        clock.advance(PERIOD_MS);
      }
      const attempts = 2 + seconds / 2;
      const most = NODES.length * (attempts + 1);
      assert.ok(dials.length <= most, `${dials.length} dials`);
      const last = dials.filter((ms) => ms >= clock.monotonicMs() - 2_500);
      assert.ok(last.length > 0, "it is never tried again");
    });
  }

  test("all at once share the next attempt", async (t) => {
    const { router, clock, dials } = deadSite(t);
    // The first two find out that all are dead.
    for (let n = 0; n < 3; n += 1) await assert.rejects(router.openStream(request, signal));
    const before = dials.length;
    clock.advance(CIRCUIT_LIMITS.failedBuildPauseMs.value);
    const refused = await Promise.all(
      Array.from({ length: 100 }, (_, n) =>
        router.openStream({ ...request, user: `user ${n}` }, signal).catch(toBywayError),
      ),
    );
    const most = CIRCUIT_LIMITS.replacements.value + 1;
    assert.ok(dials.length > before && dials.length <= before + most, `${dials.length - before} dials`);
    assert.ok(refused.every((error) => error instanceof BywayError && error.code === "ERR_HOP_UNREACHABLE"));
    const told = refused.filter((error) => error instanceof BywayError && error.data.retryAfterSec === 1);
    assert.equal(told.length, 99);
  });
});
