import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { type DelayedNetwork, startDelayedNetwork } from "../support/delayed-network.ts";
import { startTcpTarget, type TargetFixture, until } from "../support/proxy-fixture.ts";
import { RawClient } from "../support/raw-client.ts";
import { socksOpening } from "../support/socks-client.ts";

/** How an app may send its first bytes before the proxy has answered, and what the target hears. */
interface EarlyApp {
  readonly name: string;
  readonly opening: (userName: string, target: TargetFixture) => Uint8Array;
  /** What the proxy answers by itself: in SOCKS5 the method and the status of the credentials. */
  readonly ownBytes: number;
  readonly first: RegExp;
}

const EARLY = "first bytes of the app\r\n\r\n";

const APPS: readonly EarlyApp[] = [
  {
    name: "SOCKS5, all messages at once",
    opening: (userName, { address }) => Buffer.concat([socksOpening(userName, "connect", address), Buffer.from(EARLY)]),
    ownBytes: 4,
    first: /^first bytes of the app\r\n\r\n$/,
  },
  {
    name: "HTTP CONNECT with bytes behind its head",
    opening: (userName, { authority }) =>
      Buffer.from(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${authorization(userName)}\r\n${EARLY}`),
    ownBytes: 0,
    first: /^first bytes of the app\r\n\r\n$/,
  },
  {
    name: "a plain HTTP request",
    opening: (userName, { authority }) =>
      Buffer.from(`GET http://${authority}/ HTTP/1.1\r\nHost: ${authority}\r\n${authorization(userName)}\r\n`),
    ownBytes: 0,
    first: /^GET \/ HTTP\/1.1\r\n[\s\S]*\r\n\r\n$/,
  },
];

function authorization(userName: string): string {
  return `Proxy-Authorization: Basic ${Buffer.from(`${userName}:x`).toString("base64")}\r\n`;
}

suite("round trips that a new stream costs", () => {
  const cleanup = new AsyncDisposableStack();
  const heard: string[] = [];
  let target: TargetFixture;
  let network: DelayedNetwork;

  before(async () => {
    target = cleanup.use(
      await startTcpTarget((socket) => {
        const index = heard.push("") - 1;
        socket.on("data", (chunk: Buffer) => {
          heard[index] += chunk.toString("latin1");
          if (heard[index]?.endsWith("\r\n\r\n"))
            socket.end("HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nanswer");
        });
        socket.on("end", () => socket.end());
      }),
    );
    network = cleanup.use(await startDelayedNetwork({ targets: [target.address], delayMs: 1 }));
  });
  after(() => cleanup.disposeAsync());

  for (const hops of ["hops-1", "hops-3"]) {
    for (const { name, opening, ownBytes, first } of APPS) {
      test(`${name}, ${hops}: the target hears the app before anything has come back`, {
        timeout: 30_000,
      }, async () => {
        using warm = (await RawClient.connect(network.proxy)).send(opening(hops, target));
        await warm.hear(/answer$/);
        heard.length = 0;

        network.stall("back");
        const before = network.lines.map((line) => line.carriedBytes("back"));
        using app = (await RawClient.connect(network.proxy)).send(opening(hops, target));
        try {
          await until(() => first.test(heard[0] ?? ""));
          assert.deepEqual(
            network.lines.map((line) => line.carriedBytes("back")),
            before,
          );
          assert.ok(app.heard.length <= ownBytes, app.heard);
        } finally {
          network.resume("back");
        }
        await app.hear(/answer$/);
      });
    }
  }
});
