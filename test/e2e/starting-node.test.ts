import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { type TestContext, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { systemClock } from "../../src/core/clock.ts";
import { formatHostPort, type HostPort } from "../../src/core/network-address.ts";
import { generateIdentity } from "../../src/identity/identity.ts";
import { openLink } from "../../src/link/open-link.ts";
import { TcpTransport } from "../../src/link/tcp-transport.ts";
import { createNode } from "../../src/node/node.ts";
import type { NodeOptions } from "../../src/node/node-options.ts";
import { childrenOf } from "../support/processes.ts";
import { until } from "../support/proxy-fixture.ts";
import { roomyBudget } from "../support/roomy-budget.ts";
import { temporaryDirectory } from "../support/run-byway.ts";
import { serveTcp } from "../support/tcp-server.ts";

const skip = existsSync("/proc/self/task") ? false : "this system has no /proc";

/** An address that nobody listens at, and where somebody may. */
async function freeAddress(): Promise<HostPort> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen({ host: "127.0.0.1", port: 0 }, resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return { host: "127.0.0.1", port: typeof address === "object" ? (address?.port ?? 0) : 0 };
}

/** What the node answers whoever asks for `target` the moment that it listens. */
async function firstAnswer(t: TestContext, { identity, listen }: NodeOptions, target: HostPort): Promise<string> {
  const transport = new TcpTransport({ clock: systemClock });
  for (;;) {
    await nextTurn();
    const raw = await transport.dial(listen).catch(() => undefined);
    if (raw === undefined) continue;
    const components = { clock: systemClock, budget: roomyBudget() };
    // While no worker serves, connections are ended.
    const link = await openLink(components, raw, { peerId: identity.peerId }).catch(() => undefined);
    if (link === undefined) continue;
    t.after(() => link.destroy());
    const headers = { ":method": "CONNECT", ":authority": formatHostPort(target) };
    return link.open({ headers, toward: "target" }).accepted.then(
      () => "served",
      (error: { readonly code: string }) => error.code,
    );
  }
}

test("a node that was paused carries nothing while it starts again, either", { skip }, async (t) => {
  let connections = 0;
  const { address: target } = await serveTcp(t, () => {
    connections += 1;
  });
  const options: NodeOptions = {
    identity: generateIdentity(),
    listen: await freeAddress(),
    roles: ["exit"],
    localNetwork: true,
    allowTargets: [target],
    dataDirectory: temporaryDirectory(t),
    workers: 2,
  };
  const before = await createNode(options);
  before.operations.pause();
  await before.stop();

  const others = childrenOf(process.pid);
  const starting = createNode(options);
  const workers = (): readonly number[] => childrenOf(process.pid).filter((pid) => !others.includes(pid));
  await until(() => workers().length === 2);
  // The node is not ready before both are, and the other one takes what comes.
  const [, held = 0] = workers();
  process.kill(held, "SIGSTOP");
  const answer = await firstAnswer(t, options, target).finally(() => process.kill(held, "SIGCONT"));
  const node = await starting;
  t.after(() => node.stop());
  assert.equal(node.operations.status().serving.state, "paused");
  assert.equal(answer, "ERR_NODE_CLOSED");
  assert.equal(connections, 0);
});
