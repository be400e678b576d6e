import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { connect as connectTls, createServer, TLSSocket, type TlsOptions } from "node:tls";
import { serveLink } from "../../test/support/link-bench.ts";
import { roomyBudget } from "../../test/support/roomy-budget.ts";
import { systemClock } from "../core/clock.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { systemRandom } from "../core/random.ts";
import { createCertificate } from "../identity/certificate.ts";
import { generateIdentity } from "../identity/identity.ts";
import { LINK_LIMITS } from "./limits.ts";
import { MemoryTransport } from "./memory-transport.ts";
import { openLink } from "./open-link.ts";
import { TcpTransport } from "./tcp-transport.ts";
import { clientTls, serverTls } from "./tls-profile.ts";

const identity = generateIdentity();
const certificate = await createCertificate(identity, systemClock, systemRandom);

/** A TLS server that has the right key and differs from a node in `change`. */
async function serve(context: TestContext, change: TlsOptions): Promise<Socket> {
  const server = createServer({ ...serverTls(certificate.certPem, certificate.keyPem, {}), ...change });
  server.on("secureConnection", (socket) => socket.on("error", () => {}));
  server.on("tlsClientError", (_error, socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  await once(socket, "connect");
  context.after(() => {
    socket.destroy();
    server.close();
  });
  return socket;
}

test("a classical-only server is refused, and accepted where the user says so", async (t) => {
  const classical = { ecdhCurve: "X25519" };
  await assert.rejects(
    openLink({ clock: systemClock, budget: roomyBudget() }, await serve(t, classical), { peerId: identity.peerId }),
    {
      code: "ERR_HOP_CLASSICAL",
    },
  );
  const link = await openLink({ clock: systemClock, budget: roomyBudget() }, await serve(t, classical), {
    peerId: identity.peerId,
    allowClassical: true,
  });
  link.destroy();
});

test("each end of TLS refuses by itself whoever has the classical key exchange alone", async (t) => {
  // The client end, without what `openLink` looks at afterwards.
  const client = connectTls({ ...clientTls({}), socket: await serve(t, { ecdhCurve: "X25519" }) });
  await assert.rejects(once(client, "secureConnect"), { code: /^ERR_SSL_.*HANDSHAKE_FAILURE$/ });
  // The server end.
  const server = connectTls({ ...clientTls({}), ecdhCurve: "X25519", socket: await serve(t, {}) });
  await assert.rejects(once(server, "secureConnect"), { code: /^ERR_SSL_.*HANDSHAKE_FAILURE$/ });
});

test("a hop with which the classical key exchange was agreed all the same is refused", async (t) => {
  const raw = await serve(t, {});
  t.mock.method(TLSSocket.prototype, "getEphemeralKeyInfo", () => ({ type: "ECDH", name: "X25519" }));
  await assert.rejects(openLink({ clock: systemClock, budget: roomyBudget() }, raw, { peerId: identity.peerId }), {
    code: "ERR_HOP_CLASSICAL",
    message: /agreed to X25519/,
  });
});

test("a runtime that does not tell the key exchange is at fault, and not the hop", async (t) => {
  const raw = await serve(t, {});
  t.mock.method(TLSSocket.prototype, "getEphemeralKeyInfo", () => ({ type: undefined, name: undefined }));
  await assert.rejects(openLink({ clock: systemClock, budget: roomyBudget() }, raw, { peerId: identity.peerId }), {
    code: "ERR_HOP_CLASSICAL",
    message: /this Node does not tell/,
  });
});

test("TLS 1.2 is refused", async (t) => {
  const raw = await serve(t, { minVersion: "TLSv1.2", maxVersion: "TLSv1.2", ciphers: "DEFAULT" });
  await assert.rejects(openLink({ clock: systemClock, budget: roomyBudget() }, raw, { peerId: identity.peerId }), {
    code: "ERR_HOP_TLS",
  });
});

test("a server without HTTP/2 is refused", async (t) => {
  const raw = await serve(t, { ALPNProtocols: ["http/1.1"] });
  await assert.rejects(openLink({ clock: systemClock, budget: roomyBudget() }, raw, { peerId: identity.peerId }), {
    code: "ERR_HOP_TLS",
  });
});

test("a server that does not speak TLS is refused", async () => {
  const server = createTcpServer((socket) => socket.on("error", () => {}).end("220 mail.example ESMTP\r\n"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const raw = connect((server.address() as AddressInfo).port, "127.0.0.1");
  await assert.rejects(openLink({ clock: systemClock, budget: roomyBudget() }, raw, { peerId: identity.peerId }), {
    code: "ERR_HOP_TLS",
  });
  server.close();
});

test("a server that stays silent is given up in time, and nothing is left", async () => {
  const clock = new FakeClock();
  const transport = new MemoryTransport();
  const listener = await transport.listen({ host: "127.0.0.1", port: 0 }, () => {});
  const raw = await transport.dial(listener.address);
  const opening = openLink({ clock, budget: roomyBudget() }, raw, { peerId: identity.peerId });
  clock.advance(LINK_LIMITS.handshakeMs.value);
  await assert.rejects(opening, { code: "ERR_HOP_TIMEOUT" });
  assert.deepEqual([raw.destroyed, clock.pending], [true, 0]);
});

test("no name is sent to the hop", async () => {
  const names: unknown[] = [];
  const server = createServer(serverTls(certificate.certPem, certificate.keyPem, {}));
  server.on("secureConnection", (socket) => {
    socket.on("error", () => {});
    names.push(socket.servername);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const served = once(server, "secureConnection");
  const raw = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const link = await openLink({ clock: systemClock, budget: roomyBudget() }, raw, { peerId: identity.peerId });
  await served;
  link.destroy();
  await link.closed;
  assert.deepEqual(names, [false]);
  server.close();
});

test("the tickets that OpenSSL sends all the same cannot be redeemed", async () => {
  await using served = await serveLink(new TcpTransport({ clock: systemClock }), {});
  const visit = async (session?: Buffer): Promise<{ session: Buffer; reused: boolean }> => {
    const ticket = Promise.withResolvers<Buffer>();
    const resume = session === undefined ? {} : { session };
    const socket = connectTls({ ...clientTls({}), ...resume, socket: await served.dial() });
    socket.once("session", ticket.resolve);
    const result = { session: await ticket.promise, reused: socket.isSessionReused() };
    socket.destroy();
    return result;
  };
  const first = await visit();
  assert.equal((await visit(first.session)).reused, false);
});
