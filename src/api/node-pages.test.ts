import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { askPage } from "../../test/support/ask-page.ts";
import { makeControl } from "../../test/support/control-fixture.ts";
import { nodeStatus } from "../../test/support/node-status.ts";
import { RecordingLogger } from "../../test/support/recording-logger.ts";
import { BywayError } from "../core/errors.ts";
import { FakeClock } from "../core/fake-clock.ts";
import type { NodeOperations, NodeStatus } from "../operation/node-status.ts";
import { answerWith } from "./answer-page.ts";
import { controlPath } from "./control-path.ts";
import { ControlServer } from "./control-server.ts";
import { NodeControlClient } from "./node-control-client.ts";
import { NODE_PAGES } from "./node-pages.ts";

/** A node that does as it is told, and keeps what that was. */
function makeNode(reload: () => Promise<NodeStatus["blocklists"]> = async () => nodeStatus().blocklists) {
  const calls: string[] = [];
  let state: NodeStatus["serving"]["state"] = "serving";
  const become = (name: string, next: typeof state) => (): void => {
    calls.push(name);
    state = next;
  };
  const operations: NodeOperations = {
    status: () => nodeStatus({ serving: { state } }),
    pause: become("pause", "paused"),
    resume: become("resume", "serving"),
    drain: become("drain", "draining"),
    reload: () => {
      calls.push("reload");
      return reload();
    },
  };
  return { operations, calls };
}

async function ask(method: string, target: string, node = makeNode()) {
  const { status, body } = await askPage(NODE_PAGES, node.operations, method, target);
  return { status, body: JSON.parse(body), calls: node.calls };
}

test("a question changes nothing", async () => {
  assert.deepEqual(await ask("GET", "/v1/node"), { status: 200, body: { node: nodeStatus() }, calls: [] });
});

for (const [verb, state] of [
  ["pause", "paused"],
  ["resume", "serving"],
  ["drain", "draining"],
] as const) {
  test(`${verb} is answered with the node as it is then`, async () => {
    const { status, body, calls } = await ask("POST", `/v1/node/${verb}`);
    assert.equal(status, 200);
    assert.deepEqual(body, { node: nodeStatus({ serving: { state } }) });
    assert.deepEqual(calls, [verb]);
  });
}

for (const [method, target, message] of [
  ["GET", "/v1/node/pause", /^\/v1\/node\/pause is asked for with POST, not GET$/],
  ["GET", "/v1/node/drain", /POST/],
  ["POST", "/v1/node", /GET/],
  ["DELETE", "/v1/node", /not DELETE$/],
  ["GET", "/v1/node/", /there is no/],
  ["POST", "/v1/node/stop", /there is no/],
  ["POST", "/v1/node/pause?for=1h", /no parameter for/],
  ["GET", "/v1/requests", /there is no/],
] as const) {
  test(`${method} ${target} is refused, and does nothing`, async () => {
    const { status, body, calls } = await ask(method, target);
    assert.equal(status, 400);
    assert.equal(body.error.code, "ERR_CONTROL_REQUEST");
    assert.match(body.error.message, message);
    assert.deepEqual(calls, []);
  });
}

test("lists that cannot be read are an error that is told", async () => {
  const node = makeNode(() => Promise.reject(new BywayError("ERR_BLOCKLIST", "no list")));
  const { status, body } = await ask("POST", "/v1/node/reload", node);
  assert.deepEqual([status, body.error.code, body.error.message], [500, "ERR_BLOCKLIST", "no list"]);
});

function startNode(t: TestContext, dataDirectory: string, node = makeNode()) {
  const path = controlPath(dataDirectory, "node");
  const answer = answerWith(NODE_PAGES, () => node.operations);
  const server = new ControlServer({ answer, logger: new RecordingLogger() }, { path, name: "node" });
  t.after(() => server.stop());
  return { server, client: new NodeControlClient({ clock: new FakeClock() }, { path }), calls: node.calls };
}

test("client and node answer with one data directory, each its own questions", async (t) => {
  const control = makeControl(t);
  const { server, client, calls } = startNode(t, control.dataDirectory);
  await assert.rejects(client.status(), {
    code: "ERR_CONTROL",
    message: `no byway node runs with the data directory ${control.dataDirectory}`,
  });
  await control.server.start();
  await server.start();
  assert.deepEqual(await client.status(), nodeStatus());
  assert.equal((await client.pause()).serving.state, "paused");
  assert.equal((await client.resume()).serving.state, "serving");
  assert.equal((await client.drain()).serving.state, "draining");
  assert.deepEqual(await client.reload(), nodeStatus().blocklists);
  assert.deepEqual(calls, ["pause", "resume", "drain", "reload"]);
  await assert.rejects(startNode(t, control.dataDirectory).server.start(), {
    code: "ERR_CONTROL",
    message: `another byway node runs with the data directory ${control.dataDirectory}`,
  });
});

test("an answer that takes its time arrives", async (t) => {
  const reading = Promise.withResolvers<NodeStatus["blocklists"]>();
  const control = makeControl(t);
  const { server, client } = startNode(
    t,
    control.dataDirectory,
    makeNode(() => reading.promise),
  );
  await server.start();
  const answer = client.reload();
  assert.equal((await client.status()).serving.state, "serving");
  reading.resolve([]);
  assert.deepEqual(await answer, []);
});
