import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { type Network, startNetwork } from "../support/network.ts";
import { type Origin, type SeenByOrigin, startOrigin } from "../support/origin.ts";
import { curl, withoutPrograms } from "../support/run-program.ts";

suite("choosing an exit", { skip: withoutPrograms("curl") }, () => {
  const cleanup = new AsyncDisposableStack();
  let origin: Origin;
  let network: Network;

  before(async () => {
    origin = cleanup.use(await startOrigin());
    network = cleanup.use(await startNetwork({ targets: [origin.http] }));
  });
  after(() => cleanup.disposeAsync());

  const sourceAddress = async (scheme: string, userName: string): Promise<string> => {
    const url = `http://${origin.http.host}:${origin.http.port}/seen`;
    const { code, stdout, stderr } = await curl(["-x", network.proxyUrl(scheme, userName), url]);
    assert.equal(code, 0, stderr);
    return (JSON.parse(stdout) as SeenByOrigin).sourceAddress;
  };

  for (const hops of [1, 3]) {
    for (const scheme of ["http", "socks5h"]) {
      for (const [index, country] of ["de", "us"].entries()) {
        test(`${scheme}, ${hops} hops: country-${country} leaves from its node's address`, async () => {
          const address = network.testnet.nodes[index]?.address.host;
          assert.equal(await sourceAddress(scheme, `country-${country}-hops-${hops}`), address);
        });
      }
    }

    test(`${hops} hops: a node by its id, behind a user's name`, async () => {
      const node = network.testnet.nodes[2];
      const userName = `user-alice-node-${node?.peerId}-hops-${hops}`;
      assert.equal(await sourceAddress("http", userName), node?.address.host);
    });
  }
});
