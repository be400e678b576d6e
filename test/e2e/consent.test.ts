import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { systemClock } from "../../src/core/clock.ts";
import { formatHostPort } from "../../src/core/network-address.ts";
import { generateIdentity } from "../../src/identity/identity.ts";
import { parsePeerId } from "../../src/identity/peer-id.ts";
import type { Link } from "../../src/link/link.ts";
import { openLink } from "../../src/link/open-link.ts";
import { TcpTransport } from "../../src/link/tcp-transport.ts";
import { type BywayNode, createNode } from "../../src/node/node.ts";
import { parseAuthority } from "../../src/wire/authority.ts";
import { formatConnectUdpPath } from "../../src/wire/connect-udp-path.ts";
import { formatHopAuthority } from "../../src/wire/hop-authority.ts";
import { connectionsTo, openPortsOf } from "../support/processes.ts";
import { until } from "../support/proxy-fixture.ts";
import { roomyBudget } from "../support/roomy-budget.ts";
import { type RunOptions, startByway, temporaryDirectory } from "../support/run-byway.ts";
import { serveTcp } from "../support/tcp-server.ts";

const skip = existsSync("/proc/self/net") ? false : "this system has no /proc";
const HERE = { host: "127.0.0.1", port: 0 };

/** A node in this process, which others can be led to and join through. */
async function startRelay(t: TestContext): Promise<BywayNode> {
  const node = await createNode({
    identity: generateIdentity(),
    listen: HERE,
    roles: ["relay"],
    localNetwork: true,
    directory: {},
  });
  t.after(() => node.stop());
  return node;
}

interface Ready {
  readonly address: string;
  readonly peerId: string;
  readonly roles: readonly string[];
}

async function startNode(t: TestContext, args: readonly string[], options: RunOptions = {}) {
  const words = ["node", "--json", "--local-network", "--unlisted", "--listen", "127.0.0.1:0", ...args];
  const { child, firstLine } = startByway(t, words, options);
  const ready = JSON.parse(await firstLine) as Ready;
  return { ready, pid: child.pid ?? 0 };
}

async function linkTo(t: TestContext, { address, peerId }: Ready): Promise<Link> {
  const raw = await new TcpTransport({ clock: systemClock }).dial(parseAuthority(address));
  const link = await openLink({ clock: systemClock, budget: roomyBudget() }, raw, { peerId: parsePeerId(peerId) });
  t.after(() => link.destroy());
  return link;
}

/** `yes`, or the code that `asked` was refused with. */
async function outcome(asked: Promise<unknown>): Promise<string> {
  try {
    await asked;
    return "yes";
  } catch (error) {
    return (error as { readonly code: string }).code;
  }
}

for (const [switches, { target, hop }] of [
  [[], { target: false, hop: false }],
  [["--relay"], { target: false, hop: true }],
  [["--exit"], { target: true, hop: false }],
  [["--relay", "--exit"], { target: true, hop: true }],
] as const) {
  const name = switches.join(" ") || "neither switch";
  test(`with ${name} a node ${target ? "connects to" : "refuses"} targets and ${hop ? "carries" : "refuses"} links`, async (t) => {
    let connections = 0;
    const { address: open } = await serveTcp(t, (socket) => {
      connections += 1;
      socket.destroy();
    });
    const next = await startRelay(t);
    const { ready, pid } = await startNode(t, [...switches, "--allow-target", formatHostPort(open)]);
    const link = await linkTo(t, ready);
    const asked = (headers: Record<string, string>, toward: "target" | "hop") =>
      outcome(link.open({ headers: { ":method": "CONNECT", ...headers }, toward }).accepted);

    const wanted = (isServed: boolean): string => (isServed ? "yes" : "ERR_HOP_ROLE");
    assert.equal(await asked({ ":authority": formatHostPort(open) }, "target"), wanted(target));
    if (target) await until(() => connections === 1);
    assert.equal(connections, target ? 1 : 0);
    const datagrams = {
      ":protocol": "connect-udp",
      ":scheme": "https",
      ":authority": ready.address,
      ":path": formatConnectUdpPath(open),
      "capsule-protocol": "?1",
    };
    assert.equal(await asked(datagrams, "target"), wanted(target));
    const advertisement = Buffer.from(next.advertisement()).toString("base64url");
    const carried = { ":authority": formatHopAuthority(next.peerId), "byway-advertisement": advertisement };
    assert.equal(await asked(carried, "hop"), wanted(hop));
    if (skip !== false) return;
    const { port } = parseAuthority(ready.address);
    const ports = openPortsOf(pid).filter(({ protocol }) => protocol.startsWith("tcp"));
    assert.deepEqual(ports, [{ protocol: "tcp", port }]);
  });
}

/** A configuration file in which a node's switches are set. */
function configuration(t: TestContext, lines: readonly string[]): string {
  const path = join(temporaryDirectory(t), "byway.toml");
  writeFileSync(path, ["[node]", ...lines, ""].join("\n"));
  return path;
}

for (const [name, lines, environment, roles] of [
  ["the file", ["exit = true"], {}, ["exit"]],
  ["the environment", [], { BYWAY_NODE_RELAY: "true" }, ["relay"]],
  ["both", ["exit = true"], { BYWAY_NODE_RELAY: "true" }, ["relay", "exit"]],
  ["the environment, against the file", ["exit = true"], { BYWAY_NODE_EXIT: "false" }, ["bootstrap"]],
] as const) {
  test(`what a node is can be said in ${name}`, async (t) => {
    const { ready } = await startNode(t, ["--config", configuration(t, lines)], { environment });
    assert.deepEqual(ready.roles, roles);
  });
}

test("byway up alone opens its proxy and nothing else, whatever is set for a node", { skip }, async (t) => {
  const next = await startRelay(t);
  const config = configuration(t, ['listen = "127.0.0.1:1"', "relay = true", "exit = true", 'metrics = "127.0.0.1:2"']);
  const environment = { BYWAY_NODE_EXIT: "true", BYWAY_NODE_RELAY: "true" };
  const words = ["up", "--json", "--local-network", "--listen", "127.0.0.1:0", "--bootstrap", next.bootstrap];
  const { child, firstLine } = startByway(t, [...words, "--config", config], { environment });
  const { address } = JSON.parse(await firstLine) as { readonly address: string };
  const { port } = parseAuthority(address);
  assert.deepEqual(openPortsOf(child.pid ?? 0), [{ protocol: "tcp", port }]);
  // It has joined, and opens no more for that.
  await until(() => connectionsTo(child.pid ?? 0, next.address.port) > 0);
  assert.deepEqual(openPortsOf(child.pid ?? 0), [{ protocol: "tcp", port }]);
});
