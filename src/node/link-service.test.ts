import assert from "node:assert/strict";
import { createServer } from "node:net";
import { type TestContext, test } from "node:test";
import { roomyBudget } from "../../test/support/roomy-budget.ts";
import { systemClock } from "../core/clock.ts";
import { silentLogger } from "../core/logger.ts";
import type { HostPort } from "../core/network-address.ts";
import { systemRandom } from "../core/random.ts";
import { EGRESS_LIMITS } from "../egress/limits.ts";
import { createCertificate } from "../identity/certificate.ts";
import { generateIdentity } from "../identity/identity.ts";
import type { Link } from "../link/link.ts";
import { openLink } from "../link/open-link.ts";
import { TcpTransport } from "../link/tcp-transport.ts";
import { openLinkService } from "./link-service.ts";
import type { Role } from "./role.ts";

const HERE: HostPort = { host: "127.0.0.1", port: 0 };

async function startTarget(t: TestContext): Promise<HostPort> {
  const target = createServer((socket) => socket.on("error", () => {}).resume());
  t.after(() => target.close());
  await new Promise<void>((resolve) => target.listen(HERE, resolve));
  const address = target.address();
  return { host: HERE.host, port: typeof address === "object" ? (address?.port ?? 0) : 0 };
}

/** A link to the service of one of `processes` processes, and the authority of a target that it opens. */
async function linkTo(
  t: TestContext,
  processes: number,
  roles: readonly Role[] = ["exit"],
): Promise<{ link: Link; authority: string }> {
  const identity = generateIdentity();
  const target = await startTarget(t);
  const components = { clock: systemClock, budget: roomyBudget() };
  const service = await openLinkService(
    { ...components, logger: silentLogger, load: () => 0.7 },
    {
      settings: {
        listen: HERE,
        roles,
        allowTargets: [target],
        localNetwork: true,
        workers: processes,
        streamLimits: { streamsPerSecond: 1e9, targetStreams: 1e9, targetStreamsPerSecond: 1e9 },
      },
      peerId: identity.peerId,
      certificate: await createCertificate(identity, systemClock, systemRandom),
      listeners: [],
      budgetBytes: 2 ** 30,
    },
  );
  const transport = new TcpTransport(components);
  const listener = await transport.listen(HERE, (raw) => service.accept(raw));
  t.after(() => Promise.all([listener.close(), service.stop()]));
  const link = await openLink(components, await transport.dial(listener.address), { peerId: identity.peerId });
  return { link, authority: `${target.host}:${target.port}` };
}

test("one of several processes has its part of the node's bounds, at least one of each", async (t) => {
  for (const [processes, part] of [
    [EGRESS_LIMITS.maxStreams.value / 2, 2],
    [EGRESS_LIMITS.maxStreams.value * 2, 1],
  ] as const) {
    const { link, authority } = await linkTo(t, processes);
    const open = () => link.open({ headers: { ":method": "CONNECT", ":authority": authority }, toward: "target" });
    for (let n = 0; n < part; n += 1) await open().accepted;
    await assert.rejects(open().accepted, { code: "ERR_NODE_LIMIT" });
  }
});

test("it tells the load that it is handed, which is the whole node's", async (t) => {
  const { link } = await linkTo(t, 2);
  assert.equal(JSON.parse(await link.get("/.well-known/byway")).load, 0.7);
});

test("a bootstrap alone carries nothing, and says which role is missing", async (t) => {
  const { link, authority } = await linkTo(t, 1, ["bootstrap"]);
  const hop = `${generateIdentity().peerId}.byway.alt:443`;
  for (const [asked, role] of [
    [authority, /role exit/],
    [hop, /role relay/],
  ] as const) {
    const headers = { ":method": "CONNECT", ":authority": asked };
    const { accepted } = link.open({ headers, toward: "hop" });
    await assert.rejects(accepted, { code: "ERR_HOP_ROLE", message: role });
  }
  assert.deepEqual(JSON.parse(await link.get("/.well-known/byway")).roles, ["bootstrap"]);
});
