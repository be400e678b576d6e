import assert from "node:assert/strict";
import { test } from "node:test";
import { hopNetwork } from "../../test/support/hop-network.ts";
import { requestOf } from "../../test/support/hops.ts";
import { poolBench } from "../../test/support/pool-bench.ts";
import { raced, racedRequest } from "../../test/support/raced-request.ts";
import { systemClock } from "../core/clock.ts";

test("more streams than one link takes get a second circuit to the same exit", async () => {
  await using network = await hopNetwork(4);
  const clock = systemClock;
  const bench = poolBench(clock, (observer) => network.builder(clock, { observer }));
  const { pool } = bench;
  const request = racedRequest(requestOf("a", network.choose(1)));
  const circuits = new Set<unknown>();
  const exits = new Set<string>();
  const count = 1_100;
  await Promise.all(
    Array.from({ length: count }, async () => {
      await raced(bench, request, (circuit) => {
        circuits.add(circuit);
        exits.add(String(circuit.hops[0]?.peerId));
        return circuit.openStream({ host: "target.example", port: 80 });
      });
    }),
  );
  assert.deepEqual([circuits.size, exits.size], [2, 1]);
  await pool.stop();
});
