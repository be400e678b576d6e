import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import https from "node:https";
import type { Duplex } from "node:stream";
import { after, before, suite, test } from "node:test";
import tls from "node:tls";
import { Agent, request } from "undici";
import { WebSocket, WebSocketServer } from "ws";
import { createAgent } from "../../src/agents/create-agent.ts";
import { createConnector } from "../../src/agents/create-connector.ts";
import { createDispatcher } from "../../src/agents/create-dispatcher.ts";
import { createFetch } from "../../src/agents/create-fetch.ts";
import { createSocket } from "../../src/agents/create-socket.ts";
import type { BywayClient } from "../../src/client/client.ts";
import { createClient } from "../../src/client/client.ts";
import { BywayError } from "../../src/core/errors.ts";
import { formatHostPort, type HostPort } from "../../src/core/network-address.ts";
import { inTime } from "../support/in-time.ts";
import { type Network, startNetwork } from "../support/network.ts";
import { type Origin, type SeenByOrigin, startOrigin } from "../support/origin.ts";
import { ORIGIN_HOST } from "../support/origin-servers.ts";
import { settled } from "../support/settled.ts";

suite("a program that uses the library", () => {
  const cleanup = new AsyncDisposableStack();
  /** What nobody handled: nothing may ever come here. */
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  let origin: Origin;
  let network: Network;
  let client: BywayClient;
  let echo: HostPort;

  before(async () => {
    process.on("unhandledRejection", note);
    cleanup.defer(() => void process.off("unhandledRejection", note));
    origin = cleanup.use(await startOrigin());
    const sockets = new WebSocketServer({ host: ORIGIN_HOST, port: 0 });
    await once(sockets, "listening");
    sockets.on("connection", (socket) => socket.on("message", (message) => socket.send(message, { binary: false })));
    cleanup.defer(() => new Promise((resolve) => sockets.close(() => resolve())));
    const { port } = sockets.address() as { port: number };
    echo = { host: ORIGIN_HOST, port };
    network = cleanup.use(await startNetwork({ targets: [origin.http, origin.https, echo] }));
    ({ client } = network.testnet);
  });
  after(() => cleanup.disposeAsync());

  test("what is asked for as text is what the stream gets, in every form", async () => {
    for (const asked of ["country=us", "country-us", "cc-us", { countries: ["US"] }]) {
      for (let n = 0; n < 4; n += 1) {
        const { stream, route } = await client.connect(origin.http, asked);
        stream.destroy();
        assert.equal(route.exit.country, "us");
      }
      assert.deepEqual(new Set(client.explain(asked).candidates.map(({ country }) => country)), new Set(["us"]));
    }
    const { stream, route } = await client.connect(origin.http, "country-jp-hops-3");
    stream.destroy();
    assert.deepEqual([route.hops.length, route.exit.country], [3, "jp"]);
  });

  test("what cannot be read is refused before anything is opened", async () => {
    const connect = client.connect as (...args: readonly unknown[]) => Promise<unknown>;
    const { host, port } = origin.http;
    const cases: readonly (readonly [readonly unknown[], string])[] = [
      [[{ host, port }, "contry-us"], "ERR_PARAMETER_UNKNOWN"],
      [[{ host, port }, { country: "us" }], "ERR_PARAMETER_UNKNOWN"],
      [[{ host, port }, { countries: "us" }], "ERR_PARAMETER_VALUE"],
      [[{ host, port }, new Map([["countries", ["us"]]])], "ERR_USAGE_ARGUMENT"],
      [[{ host, port }, "country-us", { abort: 1 }], "ERR_USAGE_ARGUMENT"],
      [[{ host, port }, "country-us", { signal: 1 }], "ERR_USAGE_ARGUMENT"],
      [[{ host, port, country: "us" }], "ERR_USAGE_ARGUMENT"],
      [[{ host, port: String(port) }], "ERR_REQUEST_TARGET"],
    ];
    for (const [args, code] of cases) await assert.rejects(connect(...args), { name: "BywayError", code });
    assert.throws(() => client.explain("contry-us"), { code: "ERR_PARAMETER_UNKNOWN" });
    assert.throws(() => client.explain("country-us", 0), { code: "ERR_REQUEST_TARGET" });
  });

  test("a signal takes an opening back at any moment, alone or among options", async () => {
    const taken = { code: "ERR_ABORTED" };
    await assert.rejects(client.connect(origin.http, "hops-3", AbortSignal.abort()), taken);
    await assert.rejects(client.connect(origin.http, "hops-3", { signal: AbortSignal.abort() }), taken);
    for (let turns = 0; turns < 12; turns += 1) {
      const controller = new AbortController();
      const opening = client.connect(origin.http, "country-br-hops-3", { signal: controller.signal });
      const ended = opening.then(
        ({ stream }) => stream.destroy(),
        (error: unknown) => assert.equal((error as { code?: unknown }).code, "ERR_ABORTED"),
      );
      for (let turn = 0; turn < turns * 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      controller.abort(new BywayError("ERR_TARGET_RESET", "the caller has reasons of its own"));
      await inTime(ended, "the opening has ended");
    }
    const controller = new AbortController();
    const { stream } = await client.connect(origin.http, "country-us", controller.signal);
    controller.abort();
    assert.equal(stream.destroyed, false, "an opened stream is the caller's");
    stream.destroy();
  });

  test("a keep-alive agent of Node's own takes the stream for a socket, many times over", async (t) => {
    class OwnAgent extends http.Agent {
      override createConnection(
        options: http.ClientRequestArgs,
        callback?: (error: Error | null, stream: Duplex) => void,
      ): undefined {
        const target = { host: options.host ?? "", port: Number(options.port) };
        void client.connect(target, "country-us").then(({ stream }) => callback?.(null, stream));
      }
    }
    const agent = new OwnAgent({ keepAlive: true, maxSockets: 1, timeout: 60_000 });
    t.after(() => agent.destroy());
    const sockets = new Set<unknown>();
    for (let n = 0; n < 12; n += 1) {
      const request = http.get(`http://${formatHostPort(origin.http)}/seen`, { agent, timeout: 30_000 });
      request.setNoDelay(true);
      request.setSocketKeepAlive(true, 1_000);
      const [response] = (await inTime(once(request, "response"), "an answer")) as [http.IncomingMessage];
      sockets.add(response.socket);
      let body = "";
      for await (const chunk of response.setEncoding("utf8")) body += chunk;
      assert.equal((JSON.parse(body) as SeenByOrigin).sourceAddress, network.testnet.nodes[1]?.address.host);
    }
    assert.equal(sockets.size, 1);
  });

  test("tls.connect and ws run over it", async () => {
    const { stream } = await client.connect(origin.https, "country-us-hops-2");
    const secure = tls.connect({ socket: stream, host: origin.https.host, ca: origin.certificate });
    await inTime(once(secure, "secureConnect"), "the handshake");
    secure.end("GET /seen HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let answer = "";
    for await (const chunk of secure.setEncoding("utf8")) answer += chunk;
    assert.match(answer, /^HTTP\/1\.1 200 /);

    const opened = await client.connect(echo, "country-us");
    const socket = new WebSocket(`ws://${formatHostPort(echo)}/`, { createConnection: () => opened.stream });
    await inTime(once(socket, "open"), "open");
    socket.send("there and back");
    const [message] = (await inTime(once(socket, "message"), "the echo")) as [Buffer];
    assert.equal(String(message), "there and back");
    socket.close();
    await inTime(once(socket, "close"), "close");
  });

  test("one agent serves http and https, keeps connections, and checks certificates", async (t) => {
    const agent = createAgent(client, "country-us", { ca: origin.certificate });
    t.after(() => agent.destroy());
    const [plain, secure] = [origin.http, origin.https].map(formatHostPort);
    for (let n = 0; n < 3; n += 1) {
      for (const request of [
        http.get(`http://${plain}/seen`, { agent }),
        https.get(`https://${secure}/seen`, { agent }),
      ]) {
        assert.equal((await seenBy(request)).sourceAddress, network.testnet.nodes[1]?.address.host);
        assert.equal(request.reusedSocket, n > 0);
      }
    }
    const strict = createAgent(client, "country-us");
    t.after(() => strict.destroy());
    const untrusted = seenBy(https.get(`https://${secure}/seen`, { agent: strict }));
    await assert.rejects(untrusted, { code: "DEPTH_ZERO_SELF_SIGNED_CERT" });
    const local = seenBy(http.get({ socketPath: "/run/local.sock", agent }));
    await assert.rejects(local, { code: "ERR_USAGE_ARGUMENT" });
    assert.throws(() => createAgent(client, "contry-us"), { code: "ERR_PARAMETER_UNKNOWN" });
  });

  test("an agent's default port is that of the protocol", async (t) => {
    const asked: HostPort[] = [];
    const noting: BywayClient = {
      ...client,
      usableNodes: 0,
      connect: (target) => {
        asked.push(target);
        return Promise.reject(new BywayError("ERR_NO_NODE", "none"));
      },
    };
    const agent = createAgent(noting);
    t.after(() => agent.destroy());
    for (const open of [
      () => http.get("http://a.example/", { agent }),
      () => https.get("https://a.example/", { agent }),
    ]) {
      const request = open();
      assert.equal(request.getHeader("host"), "a.example");
      await assert.rejects(seenBy(request), { code: "ERR_NO_NODE" });
    }
    assert.deepEqual(
      asked.map(({ port }) => port),
      [80, 443],
    );
  });

  test("a dispatcher, a connector and fetch carry http, https and HTTP/2, and check certificates", async (t) => {
    const connect = { ca: origin.certificate };
    const [plain, secure] = [origin.http, origin.https].map(formatHostPort);
    const from = network.testnet.nodes[1]?.address.host;
    const dispatchers = [
      createDispatcher(client, "country-us", { connect }),
      createDispatcher(client, "country-us", { connect, allowH2: true }),
      new Agent({ connect: createConnector(client, "country-us", connect) }),
    ];
    for (const [index, dispatcher] of dispatchers.entries()) {
      t.after(() => dispatcher.destroy());
      for (const url of [`http://${plain}/seen`, `https://${secure}/seen`, `https://${secure}/seen`]) {
        const { body } = await inTime(request(url, { dispatcher }), "an answer");
        const seen = (await body.json()) as SeenByOrigin;
        assert.equal(seen.sourceAddress, from);
        assert.equal(seen.httpVersion, index === 1 && url.startsWith("https") ? "2.0" : "1.1");
      }
    }
    const fetchFromUs = createFetch(client, { countries: ["us"] }, { connect });
    const posted = await inTime(
      fetchFromUs(`https://${secure}/echo`, { method: "POST", body: "there and back" }),
      "it",
    );
    assert.equal(await posted.text(), "there and back");
    const form = new FormData();
    form.set("field", "value");
    const url = `https://${secure}/echo`;
    for (const [input, init] of [
      [url, { method: "POST", body: form }],
      [new Request(url, { method: "POST", body: form }), {}],
      [new Request(url, { method: "POST", body: "other" }), { body: form }],
    ] as const) {
      const echoed = await inTime(fetchFromUs(input, init), "an answer");
      assert.match(await echoed.text(), /name="field"\r\n\r\nvalue\r\n/);
    }
    const causeOf = (failed: Promise<unknown>): Promise<unknown> =>
      failed.then(
        () => assert.fail("it was answered"),
        (error: Error) => (error.cause as { code?: unknown }).code,
      );
    assert.equal(await causeOf(createFetch(client)(`https://${secure}/seen`)), "DEPTH_ZERO_SELF_SIGNED_CERT");
    assert.equal(await causeOf(createFetch(client, "country-fr")(`http://${plain}/seen`)), "ERR_NO_NODE");
    assert.throws(() => createFetch(client, "contry-us"), { code: "ERR_PARAMETER_UNKNOWN" });
  });

  test("a socket that a driver connects itself", async () => {
    const socket = createSocket(client, "country-us");
    socket.connect(origin.http.port, origin.http.host);
    socket.end("GET /seen HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let answer = "";
    for await (const chunk of socket.setEncoding("utf8")) answer += chunk;
    assert.match(answer, /^HTTP\/1\.1 200 /);
  });

  test("a client that stops ends what is being opened and what is open with ERR_STOPPED, and opens no more", async () => {
    const own = await createClient({
      peers: () => network.testnet.nodes.map((node) => node.known()),
      localNetwork: true,
    });
    const open = await own.connect(origin.http, "country-us");
    const lost = once(open.stream, "error").catch((error: unknown) => [error]);
    const opening = ["country-jp", "hops-3", "country-br-hops-2", "country-de-session-a"].map((asked) =>
      own.connect(origin.http, asked).then(
        () => assert.fail("it was opened"),
        (error: { code?: unknown }) => error.code,
      ),
    );
    await own.stop();
    assert.deepEqual(await inTime(Promise.all(opening), "all have ended"), Array(4).fill("ERR_STOPPED"));
    const [error] = (await inTime(lost, "the open stream's end")) as [{ code?: unknown }];
    assert.equal(error.code, "ERR_STOPPED");
    await assert.rejects(own.connect(origin.http), { code: "ERR_STOPPED" });
    assert.throws(() => own.explain(), { code: "ERR_STOPPED" });
  });

  test("nothing of all this was left unhandled", async () => {
    await settled();
    assert.deepEqual(unhandled, []);
  });
});

/** What the origin saw of a request; rejects with the request's error. */
async function seenBy(request: http.ClientRequest): Promise<SeenByOrigin> {
  const [response] = (await inTime(once(request, "response"), "an answer")) as [http.IncomingMessage];
  let body = "";
  for await (const chunk of response.setEncoding("utf8")) body += chunk;
  return JSON.parse(body) as SeenByOrigin;
}
