import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { test } from "node:test";
import { inTime } from "../../test/support/in-time.ts";
import { StreamSocket } from "../client/stream-socket.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { createConnector } from "./create-connector.ts";
import { AGENTS_LIMITS } from "./limits.ts";

test("a target that does not finish its TLS handshake is given up, and its connection reset", async (t) => {
  const clock = new FakeClock();
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const { port } = server.address() as net.AddressInfo;
  const client = {
    connect: async () => {
      const stream = net.connect(port, "127.0.0.1");
      await once(stream, "connect");
      const carried = { stream, target: { host: "slow.example", port: 443 }, failure: () => undefined };
      const exit = { peerId: "exit" };
      return { stream: StreamSocket.of({ clock }, carried, {}), route: { hops: [exit], exit }, timings: [] };
    },
  };
  const connector = createConnector(client, "country-us", {}, { clock });
  const answered = new Promise<Error | null>((resolve) =>
    connector({ hostname: "slow.example", protocol: "https:", port: "" }, (...[error]) => resolve(error)),
  );
  const [far] = (await inTime(once(server, "connection"), "a connection")) as [net.Socket];
  const gone = new Promise((resolve) => far.on("error", () => {}).once("close", resolve));
  await inTime(once(far, "data"), "the first message of TLS");
  clock.advance(AGENTS_LIMITS.handshakeMs.value);
  const error = await inTime(answered, "an answer");
  assert.equal((error as { code?: unknown } | null)?.code, "ERR_TARGET_TIMEOUT");
  await inTime(gone, "the end of the connection");
  assert.equal(clock.pending, 0);
});

test("options of TLS that Node refuses leave no stream open", async () => {
  const stream = new StreamSocket({ clock: new FakeClock() });
  const exit = { peerId: "exit" };
  const client = { connect: async () => ({ stream, route: { hops: [exit], exit }, timings: [] }) };
  const connector = createConnector(client, "country-us", { key: "no key" });
  const error = await new Promise<Error | null>((resolve) =>
    connector({ hostname: "a.example", protocol: "https:", port: "" }, (...[failure]) => resolve(failure)),
  );
  assert.ok(error !== null);
  assert.equal(stream.destroyed, true);
});
