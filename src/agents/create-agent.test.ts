import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import https from "node:https";
import net from "node:net";
import { type TestContext, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { inTime } from "../../test/support/in-time.ts";
import type { ConnectOptions } from "../client/connect-arguments.ts";
import { StreamSocket } from "../client/stream-socket.ts";
import { systemClock } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import { createAgent } from "./create-agent.ts";

/** The first byte of a TLS record that holds a handshake (RFC 8446 §5.1). */
const HANDSHAKE = 22;

/** An agent for http and https, which says by its callers which of them it is for, as other proxies' agents do. */
class EitherAgent extends http.Agent {
  constructor() {
    super();
    const isOfHttps = (): boolean => new Error("who calls").stack?.includes("(node:https:") === true;
    Object.defineProperty(this, "protocol", { get: () => (isOfHttps() ? "https:" : "http:") });
  }
}

/** An agent whose streams end at a target that notes the first byte of each connection. */
async function startTarget(t: TestContext): Promise<{
  readonly agent: https.Agent;
  readonly target: { readonly host: string; readonly port: number };
  /** What begins a connection that `open` makes. */
  firstByte(open: () => http.ClientRequest): Promise<number | undefined>;
}> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const { port } = server.address() as net.AddressInfo;
  const target = { host: "127.0.0.1", port };
  const client = {
    connect: async () => {
      const stream = net.connect(port, target.host);
      await once(stream, "connect");
      const carried = { stream, target, failure: () => undefined };
      const exit = { peerId: "exit" };
      return {
        stream: StreamSocket.of({ clock: systemClock }, carried, {}),
        route: { hops: [exit], exit },
        timings: [],
      };
    },
  };
  const agent = createAgent(client, "country-us", { keepAlive: false });
  t.after(() => agent.destroy());
  return {
    agent,
    target,
    async firstByte(open) {
      const connection = once(server, "connection");
      const request = open().on("error", () => {});
      const [far] = (await inTime(connection, "a connection")) as [net.Socket];
      const [bytes] = (await inTime(
        once(
          far.on("error", () => {}),
          "data",
        ),
        "bytes",
      )) as [Buffer];
      request.destroy();
      far.destroy();
      return bytes[0];
    },
  };
}

test("https is never sent in the clear, whichever agent is the global one", async (t) => {
  const { agent, target, firstByte } = await startTarget(t);
  const { globalAgent } = https;
  t.after(() => Object.assign(https, { globalAgent }));
  const url = `https://127.0.0.1:${target.port}/`;
  for (const global of [globalAgent, agent, new EitherAgent()]) {
    Object.assign(https, { globalAgent: global });
    for (const asked of [
      { ...target, agent },
      { ...target, agent, protocol: "https:" },
      ...(global === agent ? [target] : []),
    ]) {
      assert.equal(await firstByte(() => https.get(asked)), HANDSHAKE);
    }
  }
  Object.assign(https, { globalAgent: agent });
  assert.equal(await firstByte(() => https.get(url)), HANDSHAKE);
});

test("it may be the global agent of http, and says which protocol it has in the call of either", async (t) => {
  const { agent, target, firstByte } = await startTarget(t);
  const { globalAgent } = http;
  t.after(() => Object.assign(http, { globalAgent }));
  Object.assign(http, { globalAgent: agent });
  assert.equal(await firstByte(() => http.get(target)), "G".charCodeAt(0));
  assert.equal(await firstByte(() => http.get(`http://127.0.0.1:${target.port}/`)), "G".charCodeAt(0));
  assert.throws(() => http.get({ ...target, protocol: "https:", agent }), { code: "ERR_INVALID_PROTOCOL" });
});

test("another proxy beside the network is refused, since requests would go past it", () => {
  const client = { connect: () => Promise.reject(new Error("not asked")) };
  const proxyEnv = { HTTPS_PROXY: "http://127.0.0.1:3128" };
  assert.throws(() => createAgent(client, "country-us", { proxyEnv }), { code: "ERR_USAGE_ARGUMENT" });
  createAgent(client, "country-us", { proxyEnv: undefined }).destroy();
});

for (const [what, module] of [
  ["http", http],
  ["https", https],
] as const) {
  for (const isAtOnce of [false, true])
    test(`a request of ${what} that is aborted while its connection is opened calls that off, and is told at once, isAtOnce=${isAtOnce}`, async (t) => {
      const asked = Promise.withResolvers<AbortSignal>();
      const client = {
        connect: (_target: unknown, _constraints: unknown, options: AbortSignal | ConnectOptions | undefined) =>
          new Promise<never>((_resolve, reject) => {
            assert.ok(options instanceof AbortSignal);
            options.addEventListener("abort", () => reject(new BywayError("ERR_ABORTED", "the request was aborted")));
            asked.resolve(options);
          }),
      };
      const agent = createAgent(client, "country-us");
      t.after(() => agent.destroy());
      const controller = new AbortController();
      const request = module.get({ host: "target.example", port: 443, agent, signal: controller.signal });
      const failed = once(request, "error");
      const signal = await inTime(asked.promise, "the connection");
      // By then the request has its socket.
      if (!isAtOnce) await setImmediate();
      controller.abort();
      const [error] = (await inTime(failed, "the request's end")) as [Error & { readonly code: string }];
      await setImmediate();
      assert.deepEqual([error.code, signal.aborted], ["ABORT_ERR", true]);
      assert.deepEqual([Object.keys(agent.sockets), Object.keys(agent.freeSockets)], [[], []]);
    });

  test(`a request of ${what} whose connection cannot be opened fails with what opening says`, async (t) => {
    const reason = new BywayError("ERR_NO_NODE", "no node fits");
    const agent = createAgent({ connect: () => Promise.reject(reason) }, "country-us");
    t.after(() => agent.destroy());
    const request = module.get({ host: "target.example", port: 443, agent });
    const [error] = await inTime(once(request, "error"), "the error");
    assert.equal(error, reason);
  });
}
