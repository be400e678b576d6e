import assert from "node:assert/strict";
import { after, before, suite, type TestContext, test } from "node:test";
import { formatHostPort } from "../../src/core/network-address.ts";
import { type BywayNode, createClient, createNode, generateIdentity } from "../../src/index.ts";
import { startDnsServer } from "../support/dns-server.ts";
import { type Origin, type SeenByOrigin, startOrigin } from "../support/origin.ts";
import { ORIGIN_HOST } from "../support/origin-servers.ts";
import { curl, withoutPrograms } from "../support/run-program.ts";

const SITE = "site.example";
/** All that the origin at a public name needs to be reachable, and one rule before it. */
const OPEN = ["accept *:*"];
const CLOSED = [`reject ${SITE}:*`, ...OPEN];
const NETWORK = [`reject ${ORIGIN_HOST}:*`, ...OPEN];
const HOSTS = ["127.10.0.7", "127.20.0.7"] as const;

suite("what a user of curl meets at exits' policies", { skip: withoutPrograms("curl") }, () => {
  const cleanup = new AsyncDisposableStack();
  let origin: Origin;
  let dnsServers: readonly string[];

  before(async () => {
    origin = cleanup.use(await startOrigin());
    const dns = await startDnsServer([{ name: SITE, type: "A", data: ORIGIN_HOST }]);
    cleanup.defer(() => dns.stop());
    dnsServers = [dns.address];
  });
  after(() => cleanup.disposeAsync());

  /** Exits with these policies, and the URL of the proxy of a client of theirs. */
  const startWith = async (t: TestContext, ...policies: readonly (readonly string[])[]): Promise<string> => {
    const nodes: BywayNode[] = [];
    for (const [index, policy] of policies.entries()) {
      const host = HOSTS[index] ?? "127.0.0.1";
      const node = await createNode({
        identity: generateIdentity(),
        listen: { host, port: 0 },
        bindEgress: [host],
        roles: ["exit"],
        // Of the address and not of the name: the policy is asked, and the guard lets the loopback pass.
        allowTargets: [origin.http],
        dnsServers,
        policy,
        localNetwork: true,
      });
      nodes.push(node);
      t.after(() => node.stop());
    }
    const peers = () => nodes.map((node) => node.known());
    const client = await createClient({ listen: { host: "127.0.0.1", port: 0 }, peers, localNetwork: true });
    t.after(() => client.stop());
    return `http://${formatHostPort(client.address ?? origin.http)}`;
  };
  const url = (): string => `http://${SITE}:${origin.http.port}/seen`;

  for (const [what, flags] of [
    ["a plain request", []],
    ["CONNECT", ["-p"]],
  ] as const) {
    test(`${what}: an exit that refuses the target is passed over for one that does not`, async (t) => {
      const proxy = await startWith(t, CLOSED, OPEN);
      for (let count = 0; count < 4; count += 1) {
        const { code, stdout, stderr } = await curl(["-x", proxy, ...flags, url()]);
        assert.equal(code, 0, stderr);
        assert.equal((JSON.parse(stdout) as SeenByOrigin).sourceAddress, HOSTS[1]);
      }
    });

    test(`${what}: where all exits refuse it, the answer is 403 with what one of them said`, async (t) => {
      const proxy = await startWith(t, CLOSED, NETWORK);
      const { stdout } = await curl(["-x", proxy, ...flags, "-i", url()]);
      assert.match(stdout, /^HTTP\/1\.1 403 /);
      assert.match(
        stdout,
        /^proxy-status: byway; error=http_request_denied; details="the exit says: \\".*\(rule 1\)\\""\r$/im,
      );
      // curl does not print the body of an answer to CONNECT.
      if (flags.length === 0)
        assert.match(stdout, /"code":"ERR_POLICY_TARGET","message":"the exit says: \\".*\(rule 1\)\\""/);
    });
  }
});
