import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect } from "node:net";
import { type TestContext, test } from "node:test";
import { closeOf } from "../../test/support/collect.ts";
import { until } from "../../test/support/proxy-fixture.ts";
import { roomyBudget } from "../../test/support/roomy-budget.ts";
import { serveTcp } from "../../test/support/tcp-server.ts";
import { systemClock } from "../core/clock.ts";
import { silentLogger } from "../core/logger.ts";
import { formatHostPort, type HostPort } from "../core/network-address.ts";
import { systemRandom } from "../core/random.ts";
import { createCertificate } from "../identity/certificate.ts";
import { generateIdentity } from "../identity/identity.ts";
import { LINK_LIMITS } from "../link/limits.ts";
import { openLink } from "../link/open-link.ts";
import { TcpTransport } from "../link/tcp-transport.ts";
import type { ServingOrders } from "../operation/serving-orders.ts";
import { formatConnectUdpPath } from "../wire/connect-udp-path.ts";
import { openLinkService } from "./link-service.ts";

const HERE = { host: "127.0.0.1", port: 0 };
const CLOSED: NonNullable<ServingOrders["refusal"]> = {
  ...{ code: "ERR_NODE_CLOSED", message: "closed", by: "hours", retryAfterSec: 60 },
};

/** A UDP port that takes all and answers nothing. */
async function silentUdp(t: TestContext): Promise<HostPort> {
  const socket = createSocket("udp4").bind(0, HERE.host);
  t.after(() => socket.close());
  await once(socket, "listening");
  return { host: HERE.host, port: socket.address().port };
}

async function setUp(t: TestContext) {
  const identity = generateIdentity();
  const [udp, dns] = [await silentUdp(t), await silentUdp(t)];
  const { address: tcp } = await serveTcp(t, (socket) => void socket.on("error", () => {}).pipe(socket));
  const components = { clock: systemClock, budget: roomyBudget() };
  const service = await openLinkService(
    { ...components, logger: silentLogger },
    {
      settings: {
        ...{ listen: HERE, roles: ["exit"], allowTargets: [tcp, udp], localNetwork: true },
        ...{ operation: { upMbps: 1_000 }, dnsServers: [formatHostPort(dns)], policy: ["accept *:*"] },
      },
      peerId: identity.peerId,
      certificate: await createCertificate(identity, systemClock, systemRandom),
      ...{ listeners: [], budgetBytes: 2 ** 30 },
    },
  );
  const transport = new TcpTransport(components);
  const listener = await transport.listen(HERE, (raw) => service.accept(raw));
  t.after(() => Promise.all([listener.close(), service.stop()]));
  const { address } = listener;
  const link = await openLink(components, await transport.dial(address), { peerId: identity.peerId });
  t.after(() => link.destroy());
  const open = (authority: string) =>
    link.open({ headers: { ":method": "CONNECT", ":authority": authority }, toward: "target" });
  const openUdp = () =>
    link.open({
      headers: {
        ...{ ":method": "CONNECT", ":protocol": "connect-udp", ":scheme": "https", "capsule-protocol": "?1" },
        ...{ ":authority": formatHostPort(address), ":path": formatConnectUdpPath(udp) },
      },
      toward: "target",
    });
  return { service, link, open, openUdp, address, tcp: formatHostPort(tcp) };
}

test("orders that end streams end those that stand, flows of UDP and what is still being opened; the link stays", async (t) => {
  const { service, link, open, openUdp, tcp } = await setUp(t);
  const [stream, flow, opening] = [open(tcp), openUdp(), open("never-answered.example:443")];
  for (const { stream: each } of [stream, flow, opening]) each.on("error", () => {});
  await Promise.all([stream.accepted, flow.accepted]);
  await until(() => service.report.streams === 3);
  const gone = Promise.all([stream, flow].map(({ stream: each }) => closeOf(each.resume())));
  const refused = assert.rejects(opening.accepted);
  service.obey({ refusal: CLOSED, endsStreams: true });
  await Promise.all([gone, refused]);
  await until(() => service.report.streams === 0);
  await assert.rejects(open(tcp).accepted, { code: "ERR_NODE_CLOSED" });
  await assert.rejects(openUdp().accepted, { code: "ERR_NODE_CLOSED" });
  assert.equal(service.report.refusals.hours, 2);
  assert.equal(service.report.links, 1);
  service.obey({ endsStreams: false });
  await open(tcp).accepted;
  link.destroy();
});

test("a node that is closed lets what stands go on", async (t) => {
  const { service, open, tcp } = await setUp(t);
  const { stream, accepted } = open(tcp);
  await accepted;
  service.obey({ refusal: CLOSED, endsStreams: false, bytesPerSecond: 1_000_000 });
  stream.write("still here");
  const [chunk] = (await once(stream, "data")) as [Buffer];
  assert.equal(chunk.toString(), "still here");
  await assert.rejects(open(tcp).accepted, { code: "ERR_NODE_CLOSED" });
});

test("an address at which others saw the node is closed as soon as the service hears of it, and open when it is no more", async (t) => {
  const { service, open, tcp } = await setUp(t);
  service.obey({ endsStreams: false, seenAddresses: ["45.1.0.1", "2a00:1:2:3300::1"] });
  for (const target of ["45.1.0.1:80", "45.1.0.1:4433", "[64:ff9b::45.1.0.1]:80", "[2a00:1:2:33ff::9]:80"]) {
    await assert.rejects(
      open(target).accepted,
      { code: "ERR_TARGET_PROHIBITED", message: /node itself|own home/ },
      target,
    );
  }
  await open(tcp).accepted;
});

test("notices that are not given any more are counted", async (t) => {
  const { service, address } = await setUp(t);
  const sockets = Array.from({ length: LINK_LIMITS.noticesPerSecond.value + 5 }, () => {
    const socket = connect(address).on("error", () => {});
    t.after(() => socket.destroy());
    socket.write("GET / HTTP/1.1\r\n");
    return socket;
  });
  await until(() => (service.report.refusals.notices ?? 0) > 0);
  for (const socket of sockets) socket.destroy();
});
