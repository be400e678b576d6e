import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { type TestContext, test } from "node:test";
import { systemClock } from "../../src/core/clock.ts";
import { silentLogger } from "../../src/core/logger.ts";
import type { HostPort } from "../../src/core/network-address.ts";
import { systemRandom } from "../../src/core/random.ts";
import { createCertificate } from "../../src/identity/certificate.ts";
import { generateIdentity } from "../../src/identity/identity.ts";
import { parsePeerId } from "../../src/identity/peer-id.ts";
import { LINK_LIMITS } from "../../src/link/limits.ts";
import type { Link } from "../../src/link/link.ts";
import { openLink } from "../../src/link/open-link.ts";
import { TcpTransport } from "../../src/link/tcp-transport.ts";
import type { LinkServiceOptions } from "../../src/node/link-service-options.ts";
import { createNode } from "../../src/node/node.ts";
import { WorkerLinks } from "../../src/node/worker-links.ts";
import { parseAuthority } from "../../src/wire/authority.ts";
import { forkWorker } from "../../src/workers/fork-worker.ts";
import { closeOf, collect } from "../support/collect.ts";
import { type Origin, startOrigin } from "../support/origin.ts";
import { childrenOf, lives, socketsOf } from "../support/processes.ts";
import { until } from "../support/proxy-fixture.ts";
import { roomyBudget } from "../support/roomy-budget.ts";
import { type RunningCommand, startByway } from "../support/run-byway.ts";

const skip = existsSync("/proc/self/task") ? false : "this system has no /proc";
const WORKERS = 2;
const SERVED = /^HTTP\/1.1 200 [\s\S]*"sourceAddress":"127\./;

/** A `byway node` with two workers. */
interface Node {
  readonly command: RunningCommand;
  readonly pid: number;
  workers(): readonly number[];
  open(): Promise<Link>;
}

async function startNode(t: TestContext, target: HostPort): Promise<Node> {
  const command = startByway(t, [
    ...[
      "node",
      "--json",
      "--relay",
      "--exit",
      "--local-network",
      "--listen",
      "127.0.0.1:0",
      "--workers",
      String(WORKERS),
    ],
    ...["--allow-target", `${target.host}:${target.port}`],
  ]);
  const { address, peerId } = JSON.parse(await command.firstLine) as { address: string; peerId: string };
  const pid = command.child.pid ?? 0;
  const transport = new TcpTransport({ clock: systemClock });
  const open = async (): Promise<Link> => {
    const raw = await transport.dial(parseAuthority(address));
    const link = await openLink({ clock: systemClock, budget: roomyBudget() }, raw, { peerId: parsePeerId(peerId) });
    t.after(() => link.destroy());
    return link;
  };
  return { command, pid, workers: () => childrenOf(pid), open };
}

async function startTarget(t: TestContext): Promise<Origin> {
  const origin = await startOrigin();
  t.after(() => origin[Symbol.asyncDispose]());
  return origin;
}

/** Bytes through the link to the origin and back. */
async function request(link: Link, target: HostPort): Promise<string> {
  const authority = `${target.host}:${target.port}`;
  const { stream, accepted } = link.open({
    headers: { ":method": "CONNECT", ":authority": authority },
    toward: "target",
  });
  stream.end(`GET /seen HTTP/1.1\r\nhost: ${authority}\r\nconnection: close\r\n\r\n`);
  await accepted;
  return (await collect(stream)).toString();
}

test("links are spread over the workers; one that is killed takes its own along and is replaced", {
  skip,
}, async (t) => {
  const { http: target } = await startTarget(t);
  const node = await startNode(t, target);
  const [first = 0, second = 0, ...more] = node.workers();
  assert.deepEqual(more, []);
  const idle = socketsOf(first);
  const links = await Promise.all([node.open(), node.open()]);
  for (const link of links) assert.match(await request(link, target), SERVED);
  await until(() => [first, second].every((pid) => socketsOf(pid) === idle + 1));

  process.kill(first, "SIGKILL");
  await Promise.race(links.map((link) => link.closed));
  const left = links.filter((link) => link.usable);
  assert.equal(left.length, 1);
  for (const link of left) assert.match(await request(link, target), SERVED);

  const newcomer = (): number | undefined => node.workers().find((pid) => pid !== first && pid !== second);
  await until(() => newcomer() !== undefined);
  const third = newcomer() ?? 0;
  // The worker with the fewest links gets the next: the other one until the new one serves.
  let link = await node.open();
  while (socketsOf(third) <= idle) {
    link.destroy();
    await link.closed;
    link = await node.open();
  }
  assert.match(await request(link, target), SERVED);

  node.command.child.kill("SIGTERM");
  const { code, stderr } = await node.command.finished;
  assert.equal(code, 143);
  assert.match(stderr, /"worker 1 ended \(SIGKILL\)","message":"a worker ended, and its links with it/);
  assert.deepEqual([second, third].filter(lives), []);
});

test("connections on their way to workers that die are ended", { skip }, async (t) => {
  const { http: target } = await startTarget(t);
  const node = await startNode(t, target);
  const workers = node.workers();
  for (const pid of workers) process.kill(pid, "SIGSTOP");
  const links = Array.from({ length: 6 }, () => node.open());
  const opened = Promise.allSettled(links);
  // The node's own: the channels to the workers, the listening socket, and what it cannot pass on yet.
  const own = socketsOf(node.pid);
  await until(() => socketsOf(node.pid) >= own + links.length - workers.length);
  for (const pid of workers) process.kill(pid, "SIGKILL");
  for (const { status } of await opened) assert.equal(status, "rejected");
  await until(() => socketsOf(node.pid) <= own);
});

test("workers follow their node and no signal, and end with it when it is killed", { skip }, async (t) => {
  const { http: target } = await startTarget(t);
  const node = await startNode(t, target);
  const workers = node.workers();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) for (const pid of workers) process.kill(pid, signal);
  for (const link of await Promise.all([node.open(), node.open()])) assert.match(await request(link, target), SERVED);
  assert.deepEqual(node.workers(), workers);
  const seen = workers.flatMap((pid) =>
    [`/proc/${pid}/cmdline`, `/proc/${pid}/environ`].map((path) => readFileSync(path)),
  );
  assert.equal(seen.length, 2 * WORKERS);
  for (const bytes of seen) assert.doesNotMatch(bytes.toString("latin1"), /PRIVATE KEY/);
  node.command.child.kill("SIGKILL");
  await until(() => !workers.some(lives));
});

test("a node stops although a worker hangs with connections on their way to it", { skip }, async (t) => {
  const before = childrenOf(process.pid);
  const node = await createNode({
    identity: generateIdentity(),
    listen: { host: "127.0.0.1", port: 0 },
    roles: ["exit"],
    localNetwork: true,
    workers: WORKERS,
  });
  const workers = childrenOf(process.pid).filter((pid) => !before.includes(pid));
  assert.equal(workers.length, WORKERS);
  for (const pid of workers) process.kill(pid, "SIGSTOP");
  const sockets = Array.from({ length: 4 }, () =>
    connect(node.address)
      .on("error", () => {})
      .resume(),
  );
  t.after(() => sockets.map((socket) => socket.destroy()));
  const gone = sockets.map(closeOf);
  await Promise.all(sockets.map((socket) => once(socket, "connect")));
  await new Promise((resolve) => setImmediate(resolve));
  await node.stop();
  assert.ok(!workers.some(lives));
  await Promise.all(gone);
});

test("a node whose workers cannot start says why and leaves none behind", { skip }, async () => {
  const options = {
    identity: generateIdentity(),
    listen: { host: "127.0.0.1", port: 0 },
    roles: ["exit"] as const,
    localNetwork: true,
    bindEgress: ["127.0.0.1", "127.0.0.2"],
    workers: WORKERS,
  };
  const before = childrenOf(process.pid);
  for (const workers of [0, 1.5, 65]) {
    await assert.rejects(createNode({ ...options, workers }), { code: "ERR_CONFIG_VALUE", message: /1 to 64/ });
  }
  await assert.rejects(createNode(options), { code: "ERR_CONFIG_VALUE", message: /127\.0\.0\.2/ });
  assert.deepEqual(childrenOf(process.pid), before);
});

test("a node knows what its workers carry", { skip }, async (t) => {
  const { http: target } = await startTarget(t);
  const identity = generateIdentity();
  const pool = new WorkerLinks(
    {
      clock: systemClock,
      logger: silentLogger,
      fork: forkWorker(new URL("../../src/node/worker.ts", import.meta.url)),
      answers: { locateHop: async () => ({ ways: [] }) },
    },
    { workers: WORKERS },
  );
  t.after(() => pool.stop());
  const options: LinkServiceOptions = {
    settings: {
      listen: { host: "127.0.0.1", port: 0 },
      roles: ["exit"],
      allowTargets: [target],
      localNetwork: true,
      workers: WORKERS,
    },
    peerId: identity.peerId,
    certificate: await createCertificate(identity, systemClock, systemRandom),
    listeners: [],
    budgetBytes: 2 ** 28,
  };
  await pool.start(options);
  const transport = new TcpTransport({ clock: systemClock }, { paused: true });
  const listener = await transport.listen({ host: "127.0.0.1", port: 0 }, (raw) => pool.accept(raw));
  t.after(() => listener.close());
  const components = { clock: systemClock, budget: roomyBudget() };
  for (let n = 0; n < WORKERS; n += 1) {
    const link = await openLink(components, await transport.dial(listener.address), { peerId: identity.peerId });
    t.after(() => link.destroy());
    assert.match(await request(link, target), SERVED);
    link.open({ headers: { ":method": "CONNECT", ":authority": `${target.host}:${target.port}` }, toward: "target" });
  }
  await until(() => pool.report.streams === WORKERS && pool.report.linkBytes > 1_000);
  assert.equal(pool.takenShare, WORKERS / LINK_LIMITS.links.value);
});
