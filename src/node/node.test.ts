import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";
import { until } from "../../test/support/proxy-fixture.ts";
import { roomyBudget } from "../../test/support/roomy-budget.ts";
import { systemClock } from "../core/clock.ts";
import { Directory } from "../discovery/directory.ts";
import { generateIdentity } from "../identity/identity.ts";
import { openLink } from "../link/open-link.ts";
import { TcpTransport } from "../link/tcp-transport.ts";
import { createNode } from "./node.ts";

const HERE = { host: "127.0.0.1", port: 0 };

test("a node whose directory stops slowly has reset its streams at once", { timeout: 20_000 }, async (t) => {
  const target = createServer((socket) => socket.on("error", () => {}).resume());
  t.after(() => target.close());
  await new Promise<void>((resolve) => target.listen(HERE, resolve));
  const { port } = target.address() as { port: number };
  const gate = Promise.withResolvers<void>();
  t.after(() => gate.resolve());
  const { stop } = Directory.prototype;
  t.mock.method(Directory.prototype, "stop", async function (this: Directory) {
    await gate.promise;
    await stop.call(this);
  });
  const identity = generateIdentity();
  const node = await createNode({
    identity,
    listen: HERE,
    roles: ["exit"],
    allowTargets: [{ host: HERE.host, port }],
    policy: ["accept *:*"],
    localNetwork: true,
    checksReach: false,
    directory: { bootstrap: [] },
  });
  t.after(() => {
    gate.resolve();
    return node.stop();
  });
  const components = { clock: systemClock, budget: roomyBudget() };
  const raw = await new TcpTransport(components).dial(node.address);
  const link = await openLink(components, raw, { peerId: identity.peerId });
  const headers = { ":method": "CONNECT", ":authority": `${HERE.host}:${port}` };
  const { stream, accepted } = link.open({ headers, toward: "target" });
  await accepted;
  let isStopped = false;
  let hasEnded = false;
  stream.on("end", () => (hasEnded = true)).resume();
  stream.on("error", () => {});
  void node.stop().then(() => (isStopped = true));
  await until(() => stream.closed);
  assert.deepEqual({ isStopped, hasEnded }, { isStopped: false, hasEnded: false });
  gate.resolve();
  await node.stop();
});
