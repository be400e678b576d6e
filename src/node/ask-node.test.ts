import assert from "node:assert/strict";
import { test } from "node:test";
import { BywayError } from "../core/errors.ts";
import { directTo } from "../link/direct-way.ts";
import type { AskedHop, LocateHop } from "../link/locate-hop.ts";
import { answerWorker, askNode } from "./ask-node.ts";

const { signal } = new AbortController();

/** A worker's way to ask a node that locates by `locate`; everything goes through JSON, as between processes. */
function worker(locate: LocateHop): LocateHop {
  const answer = answerWorker(locate, signal);
  return askNode(async (asked) => JSON.parse(JSON.stringify(await answer(JSON.parse(JSON.stringify(asked))))));
}

test("a worker hears where its node locates a hop", async () => {
  const asked: AskedHop[] = [];
  const locate = worker(async (hop) => {
    asked.push(hop);
    return { ways: [directTo({ host: "8.8.4.4", port: 443 })] };
  });
  const hop = { peerId: "k51next", askerAddress: "9.9.9.9" };
  assert.deepEqual(await locate(hop, signal), { ways: [directTo({ host: "8.8.4.4", port: 443 })] });
  await locate({ ...hop, shown: Uint8Array.of(1, 2) }, signal);
  assert.deepEqual(asked, [hop, { ...hop, shown: Buffer.of(1, 2) }]);
});

test("a worker hears why its node cannot, and does not wait for ever", async () => {
  const refused = worker(() => Promise.reject(new BywayError("ERR_HOP_UNKNOWN", "nobody knows it")));
  const hop = { peerId: "k51next", askerAddress: "" };
  await assert.rejects(refused(hop, signal), { code: "ERR_HOP_UNKNOWN", message: "nobody knows it" });
  await assert.rejects(askNode(async () => undefined)(hop, signal), { code: "ERR_HOP_UNKNOWN" });
  const taken = new AbortController();
  const waiting = askNode(() => new Promise(() => {}))(hop, taken.signal);
  taken.abort();
  await assert.rejects(waiting, { code: "ERR_ABORTED" });
});
