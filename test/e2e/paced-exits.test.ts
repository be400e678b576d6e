import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { createClient, createNode, generateIdentity, type NodeOptions } from "../../src/index.ts";
import { startTcpTarget } from "../support/proxy-fixture.ts";

/** Requests to three exits, or one, that take far fewer at once. */
const REQUESTS = 90;
const AT_ONCE = 16;
const LIMITS: NonNullable<NodeOptions["streamLimits"]> = { linkStreamsPerSecond: 20 };

suite("exits that take fewer streams than are asked for", () => {
  for (const [what, constraints, exits] of [
    ["spread over three exits", {}, 3],
    ["with a session, all by one exit", { session: "s1", strict: true }, 1],
  ] as const) {
    test(`all requests are served, ${what}`, { timeout: 60_000 }, async () => {
      await using cleanup = new AsyncDisposableStack();
      const target = cleanup.use(await startTcpTarget((socket) => socket.end("hello")));
      const nodes: Awaited<ReturnType<typeof createNode>>[] = [];
      for (let n = 0; n < 3; n += 1) {
        const node = await createNode({
          identity: generateIdentity(),
          listen: { host: "127.0.0.1", port: 0 },
          roles: ["exit"],
          policy: ["accept *:*"],
          allowTargets: [target.address],
          localNetwork: true,
          streamLimits: LIMITS,
        });
        cleanup.defer(() => node.stop());
        nodes.push(node);
      }
      const client = await createClient({
        peers: () => nodes.map((node) => node.known()),
        localNetwork: true,
        sharedNetworks: true,
      });
      cleanup.defer(() => client.stop());
      const used = new Set<string>();
      let begun = 0;
      const worker = async (): Promise<void> => {
        for (; begun < REQUESTS / (exits === 1 ? 2 : 1); ) {
          begun += 1;
          const { stream, route } = await client.connect(target.address, constraints);
          used.add(route.exit.peerId);
          stream.resume().end();
          await new Promise((resolve) => stream.once("close", resolve));
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
      assert.equal(used.size, exits);
    });
  }
});
