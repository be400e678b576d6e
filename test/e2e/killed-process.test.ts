import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import type { Socket } from "node:net";
import { type TestContext, test } from "node:test";
import type { HostPort } from "../../src/core/network-address.ts";
import { closeOf, collect } from "../support/collect.ts";
import { type NodeProcess, startClientProcess, startNodeProcess } from "../support/node-process.ts";
import { type Origin, sha256, startOrigin, writeTo } from "../support/origin.ts";
import { startTcpTarget, until } from "../support/proxy-fixture.ts";
import { curl, withoutPrograms } from "../support/run-program.ts";
import { askSocks } from "../support/socks-client.ts";

const skip = withoutPrograms("curl") || (existsSync("/proc/self/fd") ? false : "this system has no /proc");
const options = { skip, timeout: 60_000 };
const HALF_BYTES = 5_000_000;
/** What the user is promised: an error within two seconds of an exit's death. */
const ERROR_WITHIN_MS = 2_000;

/** An origin whose `/gated` sends one half, tells that it has, and sends the other when it is let. */
interface Gate {
  readonly origin: Origin;
  readonly digest: string;
  readonly waiting: number;
  open(): void;
}

async function startGate(t: TestContext): Promise<Gate> {
  const payload = randomBytes(2 * HALF_BYTES);
  const opened = Promise.withResolvers<void>();
  let waiting = 0;
  const origin = await startOrigin({
    paths: {
      "/gated": (_, response) => {
        response.on("error", () => {});
        response.setHeader("content-length", payload.length);
        writeTo(response, payload.subarray(0, HALF_BYTES), () => {
          waiting += 1;
        });
        void opened.promise.then(() => (response as NodeJS.WritableStream).end(payload.subarray(HALF_BYTES)));
      },
    },
  });
  t.after(() => origin[Symbol.asyncDispose]());
  return {
    origin,
    digest: sha256(payload),
    get waiting() {
      return waiting;
    },
    open: opened.resolve,
  };
}

async function startNodes(t: TestContext, allowTargets: readonly HostPort[]): Promise<readonly NodeProcess[]> {
  const plans = [
    { host: "127.10.0.1", country: "de", roles: "exit" },
    { host: "127.20.0.1", country: "us", roles: "exit" },
    { host: "127.30.0.1", country: "jp", roles: "relay" },
    { host: "127.40.0.1", country: "br", roles: "relay" },
  ];
  return Promise.all(plans.map((plan) => startNodeProcess(t, { ...plan, allowTargets })));
}

/** Begins `GET path` over SOCKS and resolves once the head of the answer has come; closes when either side ends. */
async function begin(proxy: HostPort, userName: string, target: HostPort, path: string): Promise<Socket> {
  const { socket } = await askSocks(proxy, userName, "connect", target);
  socket.write(`GET ${path} HTTP/1.0\r\n\r\n`);
  socket.once("end", () => socket.destroy());
  socket.resume();
  await once(socket, "data");
  return socket;
}

test("an exit is killed in mid-download: its streams fail at once, those of another exit go on", {
  skip,
}, async (t) => {
  const gate = await startGate(t);
  const target = gate.origin.http;
  const nodes = await startNodes(t, [target]);
  const client = await startClientProcess(t, nodes);
  const url = `http://${target.host}:${target.port}/gated`;
  const download = async (scheme: string, userName: string) => {
    const proxy = `${scheme}://${userName}:x@${client.address.host}:${client.address.port}`;
    const { code, stdout, stderr } = await curl(["-x", proxy, "-w", "%{stderr}%{size_download}", "-o", "-", url], {
      hashOutput: true,
    });
    return { code, stdout, stderr, endedMs: performance.now() };
  };
  const ways = ["hops-1", "hops-3"].flatMap((hops) => ["socks5h", "http"].map((scheme) => [scheme, hops] as const));
  const doomed = ways.map(([scheme, hops]) => download(scheme, `country-de-${hops}`));
  const others = ways.map(([scheme, hops]) => download(scheme, `country-us-${hops}`));
  await until(() => gate.waiting === doomed.length + others.length);

  const killedMs = performance.now();
  await nodes[0]?.kill();
  for (const { code, endedMs } of await Promise.all(doomed)) {
    assert.ok(code === 18 || code === 56, `curl ended with ${code}`);
    const tookMs = endedMs - killedMs;
    assert.ok(tookMs < ERROR_WITHIN_MS, `the error came after ${tookMs} ms`);
  }
  gate.open();
  for (const { code, stdout, stderr } of await Promise.all(others)) {
    assert.deepEqual([code, stdout], [0, gate.digest], stderr);
  }
});

for (const hops of ["hops-1", "hops-3"]) {
  test(`whoever is killed in mid-stream leaves nothing at the others, ${hops}`, options, async (t) => {
    const gate = await startGate(t);
    const target = gate.origin.http;
    const nodes = await startNodes(t, [target]);
    const sockets = (): readonly number[] => nodes.map((node) => node.sockets());
    const before = sockets();

    const client = await startClientProcess(t, nodes);
    const open = await Promise.all([1, 2, 3].map(() => begin(client.address, hops, target, "/gated")));
    const ended = open.map(closeOf);
    await client.kill();
    await Promise.all(ended);
    await until(() => sockets().join() === before.join() && gate.origin.connections === 0);

    const second = await startClientProcess(t, nodes);
    const idle = second.sockets();
    const socket = await begin(second.address, `country-us-${hops}`, target, "/gated");
    const closed = closeOf(socket);
    await nodes[1]?.kill();
    await closed;
    // The link to the guard outlives its circuits.
    const guardLinks = hops === "hops-1" ? 0 : 1;
    const others = (counts: readonly number[]): readonly number[] => counts.toSpliced(1, 1);
    const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
    const now = (): readonly number[] => others(nodes.map((node, n) => (n === 1 ? 0 : node.sockets())));
    await until(() => second.sockets() === idle + guardLinks && gate.origin.connections === 0);
    await until(() => sum(now()) === sum(others(before)) + guardLinks);
    await second.kill();
    await until(() => now().join() === others(before).join());
  });
}

test("a relay is killed in mid-stream: the next request takes another way", options, async (t) => {
  const gate = await startGate(t);
  const target = gate.origin.http;
  const nodes = await startNodes(t, [target]);
  const client = await startClientProcess(t, nodes);
  const socket = await begin(client.address, "hops-2", target, "/gated");
  const before = nodes.map((node) => node.sockets());
  const relay = nodes.slice(2).find((_, index) => before[index + 2] === Math.max(...before.slice(2)));
  const closed = closeOf(socket);
  await relay?.kill();
  await closed;
  const again = await askSocks(client.address, "hops-2", "connect", target);
  again.socket.resume().end("GET /seen HTTP/1.0\r\n\r\n");
  assert.match((await collect(again.socket)).toString(), /^HTTP\/1.1 200 /);
});

test(
  "a guard dies with 500 streams on it: all of them fail, those of another way go on, new ones take another guard",
  options,
  async (t) => {
    const echo = await startTcpTarget((socket) => socket.pipe(socket));
    t.after(() => echo[Symbol.asyncDispose]());
    const nodes = await startNodes(t, [echo.address]);
    const client = await startClientProcess(t, nodes);
    const idle = client.sockets();
    const open = async (userName: string): Promise<Socket> => {
      const { socket } = await askSocks(client.address, userName, "connect", echo.address);
      socket.resume().write("x");
      await once(socket, "data");
      return socket;
    };
    const other = await open("session-other-hops-1");
    const warm = nodes.map((node) => node.sockets());
    // Streams of a session are never hedged, so that all of them go through one guard however slow this machine is.
    const many = "session-many-hops-2";
    const streams = await Promise.all(Array.from({ length: 500 }, () => open(many)));
    const guard = nodes.slice(2).findIndex((node, index) => node.sockets() > (warm[index + 2] ?? 0)) + 2;
    let ended = 0;
    const closed = streams.map((socket) => {
      socket.once("end", () => (ended += 1));
      return closeOf(socket);
    });
    await nodes[guard]?.kill();
    await Promise.all(closed);
    assert.equal(ended, 0);
    const echoed = once(other, "data");
    other.write("still here");
    assert.equal(String((await echoed)[0]), "still here");
    const next = await open(many);
    for (const socket of [next, other]) socket.destroy();
    // What stays is one link for each of the two users, and one to another guard where a build was slow and hedged.
    await until(() => [2, 3].includes(client.sockets() - idle));
  },
);
