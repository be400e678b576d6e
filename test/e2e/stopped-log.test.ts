import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { systemClock } from "../../src/core/clock.ts";
import { formatHostPort, type HostPort } from "../../src/core/network-address.ts";
import { generateIdentity } from "../../src/identity/identity.ts";
import { openLink } from "../../src/link/open-link.ts";
import { TcpTransport } from "../../src/link/tcp-transport.ts";
import { createNode } from "../../src/node/node.ts";
import { formatConnectUdpPath } from "../../src/wire/connect-udp-path.ts";
import { roomyBudget } from "../support/roomy-budget.ts";
import { temporaryDirectory } from "../support/run-byway.ts";
import { serveTcp } from "../support/tcp-server.ts";

const HERE = { host: "127.0.0.1", port: 0 };
const STREAMS = 20;

async function serveUdp(t: TestContext): Promise<HostPort> {
  const socket = createSocket("udp4").bind(0, HERE.host);
  t.after(() => socket.close());
  await once(socket, "listening");
  return { host: HERE.host, port: socket.address().port };
}

for (const workers of [1, 2]) {
  test(`what stands when a node with ${workers} process(es) for links stops leaves its end in the log`, async (t) => {
    const dataDirectory = temporaryDirectory(t);
    const { address: tcp } = await serveTcp(t, (socket) => void socket.on("error", () => {}).resume());
    const udp = await serveUdp(t);
    const identity = generateIdentity();
    const node = await createNode({
      ...{ identity, listen: HERE, roles: ["exit"], localNetwork: true, allowTargets: [tcp, udp] },
      ...{ dataDirectory, workers, log: { mode: "required", days: 1, mib: 16 } },
    });
    t.after(() => node.stop());
    const raw = await new TcpTransport({ clock: systemClock }).dial(node.address);
    const link = await openLink({ clock: systemClock, budget: roomyBudget() }, raw, { peerId: identity.peerId });
    t.after(() => link.destroy());
    const asked = [
      { ":method": "CONNECT", ":authority": formatHostPort(tcp) },
      {
        ...{ ":method": "CONNECT", ":protocol": "connect-udp", ":scheme": "https", "capsule-protocol": "?1" },
        ...{ ":authority": formatHostPort(node.address), ":path": formatConnectUdpPath(udp) },
      },
    ];
    for (let n = 0; n < STREAMS; n += 1) {
      const stream = link.open({ headers: asked[n % 2] ?? {}, toward: "target" });
      await stream.accepted;
      stream.stream.on("error", () => {});
    }
    await node.stop();
    const directory = join(dataDirectory, "accountability");
    const records = readdirSync(directory, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".jsonl"))
      .flatMap((name) => readFileSync(join(directory, name), "utf8").split("\n").filter(Boolean))
      .map((line) => JSON.parse(line) as { readonly event: string });
    const count = (wanted: string): number => records.filter(({ event }) => event === wanted).length;
    assert.deepEqual([count("open"), count("end"), count("stop")], [STREAMS, STREAMS, workers]);
  });
}
