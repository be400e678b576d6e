import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeStatus } from "../../test/support/node-status.ts";
import { BywayError } from "../core/errors.ts";
import { FakeClock } from "../core/fake-clock.ts";
import type { NodeStatus } from "../operation/node-status.ts";
import { waitForDrain } from "./wait-for-drain.ts";

const gone = new BywayError("ERR_CONTROL", "none runs", { data: { running: false } });
const breaking = new BywayError("ERR_CONTROL", "ECONNRESET", { data: { running: true } });
const draining = (streams: number): NodeStatus => nodeStatus({ serving: { state: "draining" }, streams });

/** A node that answers `answers`, one after the other; the clock runs on when it was asked. */
function wait(answers: readonly (NodeStatus | BywayError)[], { errorIsTty = false, abortAt = -1 } = {}) {
  const clock = new FakeClock();
  const stop = new AbortController();
  const written: string[] = [];
  let asked = 0;
  const answer = async (): Promise<NodeStatus> => {
    const given = answers[asked] ?? assert.fail("asked after its end");
    asked += 1;
    setImmediate(() => (asked === abortAt ? stop.abort(new BywayError("ERR_ABORTED", "x")) : clock.advance(500)));
    if (given instanceof BywayError) throw given;
    return given;
  };
  const terminal = { clock, errorIsTty, writeError: (text: string) => void written.push(text) };
  const done = waitForDrain(terminal, { drain: answer, status: answer }, stop.signal);
  return { done, written, clock };
}

test("a drain is over when the node is gone, also where it breaks off an answer", async () => {
  const { done, written, clock } = wait([draining(2), draining(1), breaking, gone]);
  await done;
  assert.deepEqual(written, []);
  assert.equal(clock.pending, 0);
});

test("on a terminal the streams that are left are shown, and wiped in the end", async () => {
  const { done, written } = wait([draining(2), draining(1), gone], { errorIsTty: true });
  await done;
  const clear = "\r\u001b[K";
  assert.deepEqual(written, [`${clear}Waiting for 2 streams …`, `${clear}Waiting for 1 stream …`, clear]);
});

test("a drain that is cancelled is an error", async () => {
  const { done } = wait([draining(2), nodeStatus()]);
  await assert.rejects(done, { code: "ERR_ABORTED", message: /the drain was cancelled/ });
});

test("who stops waiting is told that the drain goes on", async () => {
  const { done, written, clock } = wait([draining(2)], { abortAt: 1 });
  await assert.rejects(done, { code: "ERR_ABORTED" });
  assert.match(written.join(""), /goes on draining/);
  assert.equal(clock.pending, 0);
});

test("a node that does not answer any more is an error", async () => {
  const { done } = wait([draining(2), new BywayError("ERR_CONTROL", "the node that runs here does not answer")]);
  await assert.rejects(done, { code: "ERR_CONTROL", message: /does not answer/ });
});
