import assert from "node:assert/strict";
import { connect, createServer, type Socket } from "node:net";
import { test } from "node:test";
import type { Upgrader } from "@libp2p/interface";
import { until } from "../../test/support/proxy-fixture.ts";
import { IncomingSockets } from "./incoming-sockets.ts";
import { quietLogger } from "./quiet-logger.ts";

interface Rig extends AsyncDisposable {
  readonly incoming: IncomingSockets;
  /** Connects as if from `host`, and gives the server's end. */
  from(host: string): Promise<Socket>;
}

/** Incoming sockets of an upgrader that lets everybody wait, or that settles at once. */
async function rig(options: { perAddress: number; handshakes: number; settles?: boolean }): Promise<Rig> {
  const upgradeInbound = (): Promise<void> => (options.settles === true ? Promise.resolve() : new Promise(() => {}));
  const upgrader = { upgradeInbound } as unknown as Upgrader;
  const incoming = new IncomingSockets({ upgrader, logger: quietLogger }, options);
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const ends = new Set<Socket>();
  return {
    incoming,
    async from(host) {
      const arrived = new Promise<Socket>((resolve) => server.once("connection", resolve));
      ends.add(connect(port, "127.0.0.1").on("error", () => {}));
      const socket = await arrived;
      incoming.accept(socket, { host, port: 7 });
      return socket;
    },
    async [Symbol.asyncDispose]() {
      incoming.stop();
      for (const end of ends) end.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}

test("one address has its share and no more, and its place again when one ends", async () => {
  await using peers = await rig({ perAddress: 2, handshakes: 10 });
  const first = await peers.from("192.0.2.1");
  await peers.from("192.0.2.1");
  assert.equal((await peers.from("192.0.2.1")).destroyed, true);
  assert.equal((await peers.from("::ffff:192.0.2.1")).destroyed, true);
  assert.equal((await peers.from("192.0.2.2")).destroyed, false);
  assert.equal((await peers.from("not an address")).destroyed, true);
  first.destroy();
  await until(() => peers.incoming.size === 2);
  assert.equal((await peers.from("192.0.2.1")).destroyed, false);
});

test("when too many have not proved a key, the oldest goes", async () => {
  await using peers = await rig({ perAddress: 10, handshakes: 2 });
  const sockets: Socket[] = [];
  for (let count = 0; count < 4; count += 1) sockets.push(await peers.from(`192.0.2.${count}`));
  assert.deepEqual(
    sockets.map(({ destroyed }) => destroyed),
    [true, true, false, false],
  );
});

test("those that have proved a key stay, and stopping ends all", async () => {
  await using peers = await rig({ perAddress: 10, handshakes: 2, settles: true });
  const sockets: Socket[] = [];
  for (let count = 0; count < 4; count += 1) sockets.push(await peers.from(`192.0.2.${count}`));
  assert.equal(peers.incoming.size, 4);
  peers.incoming.stop();
  await until(() => peers.incoming.size === 0 && sockets.every(({ closed }) => closed));
  assert.equal((await peers.from("192.0.2.9")).destroyed, true);
});
