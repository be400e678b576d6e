import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import net, { type AddressInfo } from "node:net";
import { after, before, suite, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { formatHostPort, type HostPort } from "../../src/core/network-address.ts";
import { closeOf, collect } from "../support/collect.ts";
import { CountingClock } from "../support/counting-clock.ts";
import { type Network, startNetwork } from "../support/network.ts";
import { ORIGIN_HOST } from "../support/origin-servers.ts";
import { until } from "../support/proxy-fixture.ts";
import { askSocks, socksOpening } from "../support/socks-client.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const TIMEOUT_MS = 60_000;
const AT_ONCE = 200;
const MANY = 2_000;
const SOME = 200;
/** Turns of the event loop without a change after which the warm-up is taken to be over. */
const SETTLED_TURNS = 2_000;
const HOPS = ["hops-1", "hops-3"];
/** A session's streams are never hedged, so that no second circuit comes on a machine that is slow for a moment. */
const userOf = (hops: string): string => `session-kept-${hops}`;
/** A leak of 1 KiB for each of many streams, or 5 KiB for each of some; compiled code and caches stay below. */
const toleranceBytes = (count: number): number => count * (count === MANY ? 1 : 5) * 1_024;

interface Holdings {
  readonly descriptors: number;
  readonly timers: number;
  readonly resources: string;
}

suite("what streams leave behind", { skip: existsSync("/proc/self/fd") ? false : "this system has no /proc" }, () => {
  const cleanup = new AsyncDisposableStack();
  const clock = new CountingClock();
  const warnings: string[] = [];
  let atStart: Holdings;
  let idle = "";
  let network: Network;
  let echo: HostPort;
  let resetting: HostPort;
  let resettingLate: HostPort;

  const holdings = (): Holdings => ({
    descriptors: readdirSync("/proc/self/fd").length,
    timers: clock.pending,
    resources: process
      .getActiveResourcesInfo()
      .filter((kind) => /Socket|Server|UDP|TLS|Http/.test(kind))
      .sort()
      .join(),
  });

  /** A timer of what had just been used may have been there when idleness was first seen: from then on fewer are idle. */
  const isIdle = (): boolean => {
    const now = holdings();
    const before = JSON.parse(idle) as Holdings;
    if (now.timers > before.timers || JSON.stringify({ ...before, timers: now.timers }) !== JSON.stringify(now))
      return false;
    idle = JSON.stringify(now);
    return true;
  };

  before(async () => {
    process.on("warning", (warning) => warnings.push(String(warning)));
    atStart = holdings();
    echo = await listen(cleanup, (socket) => socket.pipe(socket));
    resetting = await listen(cleanup, (socket) => {
      socket.write("part");
      socket.once("data", () => socket.resetAndDestroy());
    });
    resettingLate = await listen(cleanup, (socket) => {
      socket.resume().once("end", () => socket.resetAndDestroy());
    });
    network = await startNetwork({
      targets: [echo, resetting, resettingLate],
      clock,
      // The circuits of both users stay for all tests.
      client: { rotation: "circuit" },
    });
    for (const hops of HOPS) await ways["used and ended"]?.(userOf(hops));
    let turnsUnchanged = 0;
    await until(() => {
      const now = JSON.stringify(holdings());
      turnsUnchanged = now === idle ? turnsUnchanged + 1 : 0;
      idle = now;
      return turnsUnchanged > SETTLED_TURNS;
    });
  });

  /** Ways in which a stream can go, each by itself. */
  const ways: Readonly<Record<string, (userName: string) => Promise<void>>> = {
    "used and ended": async (userName) => {
      const { socket } = await askSocks(network.proxy, userName, "connect", echo);
      socket.end("there and back");
      assert.equal((await collect(socket.resume())).toString(), "there and back");
    },
    "reset by the app": async (userName) => {
      const { socket } = await askSocks(network.proxy, userName, "connect", echo);
      socket.write("x");
      await once(socket.resume(), "data");
      const closed = closeOf(socket);
      socket.resetAndDestroy();
      await closed;
    },
    "reset by the target": async (userName) => {
      const { socket } = await askSocks(network.proxy, userName, "connect", resetting);
      const closed = closeOf(socket);
      socket.resume().write("x");
      await closed;
    },
    "half-closed by the app, then reset by the target": async (userName) => {
      const { socket } = await askSocks(network.proxy, userName, "connect", resettingLate);
      const closed = closeOf(socket);
      socket.resume().end("x");
      await closed;
    },
    "reset before the proxy's answer": (userName) => abandon(network.proxy, socksOpening(userName, "connect", echo)),
    "reset in the middle of the SOCKS request": (userName) =>
      abandon(network.proxy, socksOpening(userName, "connect", echo).subarray(0, -3)),
    "reset before the answer to CONNECT": (userName) => abandon(network.proxy, connectRequest(userName, echo)),
    "reset in the middle of CONNECT": (userName) =>
      abandon(network.proxy, connectRequest(userName, echo).subarray(0, -2)),
    refused: async (userName) => {
      await assert.rejects(askSocks(network.proxy, userName, "connect", { host: "10.0.0.1", port: 80 }), {
        message: "SOCKS reply 2",
      });
    },
  };

  for (const hops of HOPS) {
    for (const [name, run] of Object.entries(ways)) {
      const count = name === "used and ended" ? MANY : SOME;
      test(`${count} streams, ${hops}: ${name}`, { timeout: TIMEOUT_MS }, async () => {
        await repeat(count === MANY ? AT_ONCE : AT_ONCE / 2, () => run(userOf(hops)));
        await until(isIdle);
        const heapBefore = await heapBytes();
        await repeat(count, () => run(userOf(hops)));
        await until(isIdle);
        const grownBytes = (await heapBytes()) - heapBefore;
        assert.ok(grownBytes < toleranceBytes(count), `the heap grew by ${grownBytes} bytes`);
      });
    }
  }

  after(async () => {
    await network[Symbol.asyncDispose]();
    await cleanup.disposeAsync();
    await until(() => holdings().descriptors === atStart.descriptors);
    assert.equal(clock.pending, 0);
    assert.deepEqual(warnings, []);
  });
});

/** Runs `once` `count` times, at most `AT_ONCE` at a time. */
async function repeat(count: number, once: () => Promise<void>): Promise<void> {
  let left = count;
  const work = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await once();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

/** Bytes of live objects. */
async function heapBytes(): Promise<number> {
  for (let turn = 0; turn < 3; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
  }
  return process.memoryUsage().heapUsed;
}

/** Sends `opening` and hangs up abruptly. */
async function abandon(proxy: HostPort, opening: Uint8Array): Promise<void> {
  const socket = net.connect({ ...proxy });
  await once(socket, "connect");
  const closed = closeOf(socket);
  socket.write(opening, () => socket.resetAndDestroy());
  await closed;
}

function connectRequest(userName: string, target: HostPort): Buffer {
  const authority = formatHostPort(target);
  const credentials = Buffer.from(`${userName}:x`).toString("base64");
  return Buffer.from(
    `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\nProxy-Authorization: Basic ${credentials}\r\n\r\n`,
  );
}

async function listen(cleanup: AsyncDisposableStack, onConnection: (socket: net.Socket) => void): Promise<HostPort> {
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => {});
    onConnection(socket);
  });
  server.listen({ host: ORIGIN_HOST, port: 0, backlog: 2 * AT_ONCE });
  await once(server, "listening");
  cleanup.defer(async () => {
    server.close();
    await once(server, "close");
  });
  return { host: ORIGIN_HOST, port: (server.address() as AddressInfo).port };
}
