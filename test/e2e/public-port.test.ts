import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { systemClock } from "../../src/core/clock.ts";
import type { HostPort } from "../../src/core/network-address.ts";
import { generateIdentity } from "../../src/identity/identity.ts";
import { openLink } from "../../src/link/open-link.ts";
import { TcpTransport } from "../../src/link/tcp-transport.ts";
import { type BywayNode, createNode } from "../../src/node/node.ts";
import { createOverlay } from "../../src/overlay/create-overlay.ts";
import type { OverlayServices } from "../../src/overlay/overlay.ts";
import { decodeDirectoryAnswer, encodeDirectoryRequest } from "../../src/wire/directory-message.ts";
import { closeOf, collect } from "../support/collect.ts";
import { startOrigin } from "../support/origin.ts";
import { roomyBudget } from "../support/roomy-budget.ts";

const HERE: HostPort = { host: "127.0.0.1", port: 0 };
const NOBODY: OverlayServices = {
  answer: () => assert.fail("a client is asked nothing"),
  checkRecord: () => {},
  newestRecord: () => 0,
};

interface Served {
  readonly node: BywayNode;
  dial(): Socket;
}

async function serve(t: TestContext, workers: number, target: HostPort): Promise<Served> {
  const node = await createNode({
    identity: generateIdentity(),
    listen: HERE,
    roles: ["relay", "exit"],
    localNetwork: true,
    allowTargets: [target],
    policy: ["accept *:*"],
    contact: "noc@example.org",
    workers,
    directory: {},
  });
  t.after(() => node.stop());
  return { node, dial: () => connect(node.address).on("error", () => {}) };
}

for (const workers of [1, 2]) {
  test(`with ${workers} serving, one port takes links, libp2p and HTTP, and nothing else`, async (t) => {
    const origin = await startOrigin();
    t.after(() => origin[Symbol.asyncDispose]());
    const { node, dial } = await serve(t, workers, origin.http);

    const answer = await fetch(`http://127.0.0.1:${node.address.port}/some/page`);
    assert.equal(answer.status, 200);
    assert.match(await answer.text(), /Byway node[\s\S]*noc@example\.org/);

    const strange = dial();
    strange.write("SSH-2.0-OpenSSH\r\n");
    await closeOf(strange.resume());

    // More than one, so that each worker has some.
    for (let n = 1; n <= 3; n += 1) {
      const overlay = await createOverlay(
        { identity: generateIdentity(), clock: systemClock, services: NOBODY },
        { mode: "client", network: "byway", localNetwork: true },
      );
      await overlay.start();
      t.after(() => overlay.stop());
      assert.equal(await overlay.connect(node.bootstrap), node.peerId);
      const answer = await overlay.ask(node.peerId, encodeDirectoryRequest({ query: {}, limit: 1 }));
      assert.deepEqual(decodeDirectoryAnswer(answer).envelopes.map(Buffer.from), [Buffer.from(node.advertisement())]);
    }

    const components = { clock: systemClock, budget: roomyBudget() };
    const raw = await new TcpTransport(components).dial(node.address);
    const link = await openLink(components, raw, { peerId: node.peerId });
    t.after(() => link.destroy());
    const authority = `${origin.http.host}:${origin.http.port}`;
    const { stream, accepted } = link.open({
      headers: { ":method": "CONNECT", ":authority": authority },
      toward: "target",
    });
    stream.end(`GET /seen HTTP/1.1\r\nhost: ${authority}\r\nconnection: close\r\n\r\n`);
    await accepted;
    assert.match((await collect(stream)).toString(), /^HTTP\/1.1 200 /);
  });

  test(`with ${workers} serving, a node that stops ends connections that have said nothing`, async (t) => {
    const { node, dial } = await serve(t, workers, { host: "127.0.0.1", port: 1 });
    const silent = Array.from({ length: 3 }, dial);
    const gone = silent.map((socket) => closeOf(socket.resume()));
    await Promise.all(silent.map((socket) => new Promise((resolve) => socket.once("connect", resolve))));
    await node.stop();
    await Promise.all(gone);
  });
}
