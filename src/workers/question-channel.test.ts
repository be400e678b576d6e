import assert from "node:assert/strict";
import { test } from "node:test";
import { QuestionChannel } from "./question-channel.ts";

// Not an interface, which has no index signature.
type OfWorker = {
  readonly price: { readonly ask: { readonly bytes: number }; readonly answer: number };
  readonly odd: { readonly ask: null; readonly answer: null };
};

type OfNode = Record<string, never>;

/** The two ends, between which everything goes through JSON. */
function pair() {
  const failures: unknown[] = [];
  const node: QuestionChannel<OfWorker, OfNode> = new QuestionChannel(
    (message) => worker.receive(JSON.parse(JSON.stringify(message))),
    () => ({}),
  );
  const worker: QuestionChannel<OfNode, OfWorker> = new QuestionChannel(
    (message) => node.receive(JSON.parse(JSON.stringify(message))),
    () => ({
      price: async ({ bytes }) => bytes * 2,
      odd: () => Promise.reject(new Error("odd")),
    }),
    (cause) => void failures.push(cause),
  );
  return { node, worker, failures };
}

test("each answer reaches its own question", async () => {
  const { node } = pair();
  const answers = await Promise.all([1, 2, 3].map((bytes) => node.ask("price", { bytes })));
  assert.deepEqual(answers, [2, 4, 6]);
});

test("a question that cannot be answered settles with undefined, and the cause goes to the end that threw it", async () => {
  const { node, failures } = pair();
  assert.equal(await node.ask("odd", null), undefined);
  assert.deepEqual(failures, [new Error("odd")]);
});

test("questions settle when the other process is gone, later ones too", async () => {
  const sent: unknown[] = [];
  const channel = new QuestionChannel<OfWorker, OfNode>(
    (message) => void sent.push(message),
    () => undefined,
  );
  const waiting = channel.ask("price", { bytes: 1 });
  channel.end();
  assert.deepEqual([await waiting, await channel.ask("price", { bytes: 2 })], [undefined, undefined]);
  assert.equal(sent.length, 1);
});
