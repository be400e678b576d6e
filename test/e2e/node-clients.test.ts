import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import http from "node:http";
import net, { type AddressInfo } from "node:net";
import { after, before, suite, test } from "node:test";
import { ProxyAgent, request, WebSocket as UndiciWebSocket } from "undici";
import { WebSocket, WebSocketServer } from "ws";
import { formatHostPort, type HostPort } from "../../src/core/network-address.ts";
import { collect } from "../support/collect.ts";
import { type Network, startNetwork } from "../support/network.ts";
import { type Origin, type SeenByOrigin, sha256, startOrigin } from "../support/origin.ts";
import { ORIGIN_HOST } from "../support/origin-servers.ts";
import { askSocks } from "../support/socks-client.ts";

const MESSAGE_BYTES = 200_000;
/** More than the ten listeners above which Node warns of a leak. */
const MANY_REQUESTS = 15;
const HALF_BYTES = 3_000_000;

suite("clients of Node", () => {
  const cleanup = new AsyncDisposableStack();
  const firstHalf = randomBytes(HALF_BYTES);
  const secondHalf = randomBytes(HALF_BYTES);
  let origin: Origin;
  let network: Network;
  let echo: HostPort;
  let clientEndsFirst: HostPort;
  let serverEndsFirst: HostPort;
  /** What the servers that end first heard after that, one promise a connection. */
  const heardLate: Promise<Buffer>[] = [];

  before(async () => {
    origin = cleanup.use(await startOrigin());
    const sockets = new WebSocketServer({ host: ORIGIN_HOST, port: 0 });
    await once(sockets, "listening");
    sockets.on("connection", (socket) => {
      socket.on("message", (message, isBinary) => socket.send(message, { binary: isBinary }));
    });
    cleanup.defer(async () => {
      for (const socket of sockets.clients) socket.terminate();
      await new Promise((resolve) => sockets.close(resolve));
    });
    echo = { host: ORIGIN_HOST, port: (sockets.address() as AddressInfo).port };
    clientEndsFirst = await listen(cleanup, (socket) => {
      collect(socket).then(
        (heard) => {
          socket.write(sha256(heard));
          socket.end(secondHalf);
        },
        () => {},
      );
    });
    serverEndsFirst = await listen(cleanup, (socket) => {
      socket.end(firstHalf);
      heardLate.push(collect(socket));
    });
    network = cleanup.use(
      await startNetwork({ targets: [origin.http, origin.https, echo, clientEndsFirst, serverEndsFirst] }),
    );
  });
  after(() => cleanup.disposeAsync());

  for (const hops of ["hops-1", "hops-3"]) {
    for (const proxyTunnel of [true, false]) {
      test(`undici's ProxyAgent, ${proxyTunnel ? "CONNECT" : "absolute form"}, ${hops}`, async () => {
        const agent = new ProxyAgent({ uri: network.proxyUrl("http", hops), proxyTunnel });
        const url = `http://${formatHostPort(origin.http)}`;
        const seen = (await (await request(`${url}/seen`, { dispatcher: agent })).body.json()) as SeenByOrigin;
        assert.equal("via" in seen.headers, !proxyTunnel);
        const posted = { method: "POST", body: firstHalf, dispatcher: agent } as const;
        const { statusCode, body } = await request(`${url}/digest`, posted);
        assert.deepEqual([statusCode, await body.text()], [200, sha256(firstHalf)]);
        await agent.close();
      });
    }

    test(`requests one after another on one connection leave nothing on it, ${hops}`, async (t) => {
      const warnings: string[] = [];
      const onWarning = (warning: Error): void => void warnings.push(String(warning));
      process.on("warning", onWarning);
      t.after(() => process.off("warning", onWarning));
      const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
      t.after(() => agent.destroy());
      for (let n = 0; n < MANY_REQUESTS; n += 1) {
        const path = `http://${formatHostPort(origin.http)}/seen`;
        const asked = http.get({ ...network.proxy, agent, path, headers: { "proxy-authorization": basic(hops) } });
        const [answer] = (await once(asked, "response")) as [http.IncomingMessage];
        await once(answer.resume(), "end");
      }
      assert.deepEqual(warnings, []);
    });

    test(`undici's ProxyAgent, HTTPS target, ${hops}`, async () => {
      const requestTls = { ca: origin.certificate };
      const agent = new ProxyAgent({ uri: network.proxyUrl("http", hops), requestTls });
      const url = `https://${formatHostPort(origin.https)}/seen`;
      const { statusCode, body } = await request(url, { dispatcher: agent });
      assert.equal(statusCode, 200);
      assert.notEqual(((await body.json()) as SeenByOrigin).sourceAddress, "127.0.0.1");
      await agent.close();
    });

    test(`ws through Upgrade in absolute form, ${hops}`, async () => {
      const url = `ws://${formatHostPort(echo)}/`;
      const socket = new WebSocket(url, {
        headers: { "proxy-authorization": basic(hops) },
        createConnection: () => net.connect(network.proxy),
        finishRequest: (request) => {
          request.path = `http://${formatHostPort(echo)}/`;
          request.end();
        },
      });
      await echoes(socket);
    });

    test(`ws through CONNECT, ${hops}`, async () => {
      const tunnel = await connectThrough(network.proxy, hops, echo);
      await echoes(new WebSocket(`ws://${formatHostPort(echo)}/`, { createConnection: () => tunnel }));
    });

    test(`undici's WebSocket, ${hops}`, async () => {
      const agent = new ProxyAgent({ uri: network.proxyUrl("http", hops) });
      const socket = new UndiciWebSocket(`ws://${formatHostPort(echo)}/`, { dispatcher: agent });
      await once(socket, "open");
      socket.send("there and back");
      const [event] = await once(socket, "message");
      assert.equal(event.data, "there and back");
      const closed = once(socket, "close");
      socket.close(1000);
      await closed;
      await agent.close();
    });

    test(`the app ends first, the target goes on, ${hops}`, async () => {
      const { socket } = await askSocks(network.proxy, hops, "connect", clientEndsFirst);
      socket.end(firstHalf);
      const heard = await collect(socket.resume());
      assert.equal(heard.subarray(0, 64).toString(), sha256(firstHalf));
      assert.equal(sha256(heard.subarray(64)), sha256(secondHalf));
    });

    test(`the target ends first, the app goes on, ${hops}`, async () => {
      const { socket } = await askSocks(network.proxy, hops, "connect", serverEndsFirst);
      assert.equal(sha256(await collect(socket.resume())), sha256(firstHalf));
      socket.end(secondHalf);
      assert.equal(sha256((await heardLate.pop()) ?? firstHalf), sha256(secondHalf));
    });
  }
});

/** A TCP server that ends with `cleanup`, half-open allowed. */
async function listen(cleanup: AsyncDisposableStack, onConnection: (socket: net.Socket) => void): Promise<HostPort> {
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => {});
    onConnection(socket);
  });
  server.listen(0, ORIGIN_HOST);
  await once(server, "listening");
  cleanup.defer(async () => {
    server.close();
    await once(server, "close");
  });
  return { host: ORIGIN_HOST, port: (server.address() as AddressInfo).port };
}

/** A CONNECT by Node's own client. */
async function connectThrough(proxy: HostPort, userName: string, target: HostPort): Promise<net.Socket> {
  const connect = http.request({
    ...proxy,
    method: "CONNECT",
    path: formatHostPort(target),
    headers: { "proxy-authorization": basic(userName) },
    agent: false,
  });
  connect.end();
  const [response, socket] = (await once(connect, "connect")) as [http.IncomingMessage, net.Socket];
  assert.equal(response.statusCode, 200);
  return socket;
}

/** Holds a WebSocket's echo against what was sent, as text and as bytes, then closes it. */
async function echoes(socket: WebSocket): Promise<void> {
  await once(socket, "open");
  for (const message of [Buffer.from("there and back"), randomBytes(MESSAGE_BYTES)]) {
    const answered = once(socket, "message");
    socket.send(message);
    const [answer] = (await answered) as [Buffer];
    assert.deepEqual(answer, message);
  }
  const closed = once(socket, "close");
  socket.close(1000);
  assert.equal((await closed)[0], 1000);
}

/** The credentials that carry `userName` (RFC 7617). */
function basic(userName: string): string {
  return `Basic ${Buffer.from(`${userName}:x`).toString("base64")}`;
}
