import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, suite, test } from "node:test";
import { chromium } from "playwright-core";
import { anonymizeProxy, closeAnonymizedProxy } from "proxy-chain";
import { ProxyAgent, request } from "undici";
import { formatHostPort } from "../../src/core/network-address.ts";
import { type Network, startNetwork } from "../support/network.ts";
import { type Origin, type SeenByOrigin, startOrigin } from "../support/origin.ts";

const EXECUTABLE = "/usr/bin/chromium";
/** Los Angeles, mobile; New York, residential. */
const [LOS_ANGELES, NEW_YORK] = [7, 1];

/** What customers of other networks have in their programs, for whom it is configured here, and where it is to lead. */
const CUSTOMERS = [
  {
    provider: "Bright Data",
    username: "brd-customer-hl_1234-zone-scraper1-country-us-state-ca-session-rand39484",
    user: { name: "hl_1234", password: "zonepassword" },
    node: LOS_ANGELES,
  },
  {
    provider: "Apify",
    // Apify's customers send no id: the only user of a listener is known by the password.
    username: "groups-RESIDENTIAL,session-my_session_1,country-US",
    user: { name: "crawler", password: "apify_proxy_aB3" },
    node: NEW_YORK,
  },
] as const;

suite("programs of other networks' customers", () => {
  const cleanup = new AsyncDisposableStack();
  let origin: Origin;
  let network: Network;

  before(async () => {
    origin = cleanup.use(await startOrigin());
    network = cleanup.use(
      await startNetwork({
        targets: [origin.http, origin.https],
        nodes: 12,
        client: {
          listeners: CUSTOMERS.map(({ user }) => ({
            listen: { host: "127.0.0.1", port: 0 },
            lenient: true,
            users: [user],
          })),
        },
      }),
    );
  });
  after(() => cleanup.disposeAsync());

  for (const [index, { provider, username, user, node }] of CUSTOMERS.entries()) {
    const { password } = user;
    const server = (): string => formatHostPort(network.testnet.client.addresses[index + 1] ?? network.proxy);
    const expected = (): string | undefined => network.testnet.nodes[node]?.address.host;
    const proxyUrl = (): string => `http://${encodeURIComponent(username)}:${password}@${server()}`;

    for (const proxyTunnel of [true, false]) {
      test(`undici with a ${provider} user name, ${proxyTunnel ? "CONNECT" : "absolute form"}`, async () => {
        const agent = new ProxyAgent({ uri: proxyUrl(), proxyTunnel });
        for (let n = 0; n < 3; n += 1) {
          const { body } = await request(`http://${formatHostPort(origin.http)}/seen`, { dispatcher: agent });
          assert.equal(((await body.json()) as SeenByOrigin).sourceAddress, expected());
        }
        await agent.close();
      });
    }

    // Crawlee gives a browser a local proxy without a password, which proxy-chain makes of the customer's URL.
    test(`proxy-chain, as Crawlee uses it, with a ${provider} user name`, async () => {
      const local = await anonymizeProxy(proxyUrl());
      try {
        const agent = new ProxyAgent({ uri: local });
        const { body } = await request(`http://${formatHostPort(origin.http)}/seen`, { dispatcher: agent });
        assert.equal(((await body.json()) as SeenByOrigin).sourceAddress, expected());
        await agent.close();
      } finally {
        await closeAnonymizedProxy(local, true);
      }
    });

    const skip = existsSync(EXECUTABLE) ? false : `not installed: ${EXECUTABLE}`;
    test(`Playwright with a ${provider} user name`, { skip }, async () => {
      const browser = await chromium.launch({
        executablePath: EXECUTABLE,
        args: ["--no-sandbox", "--disable-gpu", "--disable-quic"],
        proxy: { server: `http://${server()}`, username, password },
      });
      try {
        const page = await browser.newPage({ ignoreHTTPSErrors: true });
        for (const url of [`http://${formatHostPort(origin.http)}`, `https://${formatHostPort(origin.https)}`]) {
          const answer = await page.goto(`${url}/seen`);
          const seen = (await answer?.json()) as SeenByOrigin | undefined;
          assert.equal(seen?.sourceAddress, expected());
        }
      } finally {
        await browser.close();
      }
    });
  }
});
