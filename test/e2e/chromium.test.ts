import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { type BrowserContext, chromium } from "playwright-core";
import { WebSocketServer } from "ws";
import { createClient } from "../../src/client/client.ts";
import { formatHostPort, type HostPort } from "../../src/core/network-address.ts";
import { type Network, startNetwork } from "../support/network.ts";
import { type Origin, type OriginRequest, type SeenByOrigin, startOrigin } from "../support/origin.ts";
import { ORIGIN_HOST } from "../support/origin-servers.ts";

const EXECUTABLE = "/usr/bin/chromium";
const STYLES = 30;
const PAGE = `<!doctype html><title>loading</title>
${Array.from({ length: STYLES }, (_, n) => `<link rel="stylesheet" href="/style-${n}.css">`).join("\n")}
<script>onload = () => { document.title = "loaded " + document.styleSheets.length; };</script>`;
const STYLE_PATHS = Object.fromEntries(
  Array.from({ length: STYLES }, (_, n) => [
    `/style-${n}.css`,
    (
      _request: OriginRequest,
      response: { setHeader(name: string, value: string): unknown; end(body: string): unknown },
    ) => {
      response.setHeader("content-type", "text/css");
      response.end(`#s${n} { color: red }`);
    },
  ]),
);

suite("Chromium", { skip: existsSync(EXECUTABLE) ? false : `not installed: ${EXECUTABLE}` }, () => {
  const cleanup = new AsyncDisposableStack();
  const directory = mkdtempSync(join(tmpdir(), "byway-chromium-"));
  let origin: Origin;
  let network: Network;
  let echo: HostPort;

  before(async () => {
    cleanup.defer(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));
    origin = cleanup.use(
      await startOrigin({
        paths: {
          "/page": (_, response) => {
            response.setHeader("content-type", "text/html");
            (response as NodeJS.WritableStream).end(PAGE);
          },
          ...STYLE_PATHS,
        },
      }),
    );
    const sockets = new WebSocketServer({ host: ORIGIN_HOST, port: 0 });
    await once(sockets, "listening");
    sockets.on("connection", (socket) => socket.on("message", (message) => socket.send(String(message))));
    cleanup.defer(async () => {
      for (const socket of sockets.clients) socket.terminate();
      await new Promise((resolve) => sockets.close(resolve));
    });
    echo = { host: ORIGIN_HOST, port: (sockets.address() as AddressInfo).port };
    network = cleanup.use(await startNetwork({ targets: [origin.http, origin.https, echo] }));
  });
  after(() => cleanup.disposeAsync());

  for (const hops of [1, 3]) {
    for (const scheme of ["http", "socks5"]) {
      test(`${scheme}, ${hops} hops: a page with its styles, HTTPS with HTTP/2, fetch and WebSocket`, async () => {
        // Chromium knows no user names for SOCKS, so this client's number of hops is its default.
        const client = await createClient({
          listen: { host: "127.0.0.1", port: 0 },
          peers: () => network.testnet.nodes.map((node) => node.known()),
          localNetwork: true,
          hops,
        });
        await using undo = new AsyncDisposableStack();
        undo.defer(() => client.stop());
        const proxy = `${scheme}://${formatHostPort(client.address ?? network.proxy)}`;
        const browser = await launch(join(directory, `${scheme}-${hops}`), proxy);
        undo.defer(() => browser.close());
        await visit(browser);
      });
    }
  }

  const visit = async (browser: BrowserContext): Promise<void> => {
    const exits = network.testnet.nodes.map((node) => node.address.host);
    const page = await browser.newPage();
    for (const url of [`http://${formatHostPort(origin.http)}`, `https://${formatHostPort(origin.https)}`]) {
      const answer = await page.goto(`${url}/page`, { waitUntil: "load" });
      assert.equal(answer?.status(), 200);
      assert.equal(await page.title(), `loaded ${STYLES}`);
      const text: string = await page.evaluate("fetch('/seen').then((answer) => answer.text())");
      const seen = JSON.parse(text) as SeenByOrigin;
      assert.ok(exits.includes(seen.sourceAddress), seen.sourceAddress);
      assert.equal(seen.httpVersion, url.startsWith("https") ? "2.0" : "1.1");
      const digest: string = await page.evaluate(
        "fetch('/digest', { method: 'POST', body: new Uint8Array(500_000) }).then((answer) => answer.text())",
      );
      assert.match(digest, /^[0-9a-f]{64}$/);
    }
    await page.goto(`http://${formatHostPort(origin.http)}/page`);
    const heard: string = await page.evaluate(`new Promise((resolve, reject) => {
      const socket = new WebSocket("ws://${formatHostPort(echo)}/");
      socket.onopen = () => socket.send("there and back");
      socket.onmessage = ({ data }) => { resolve(data); socket.close(); };
      socket.onerror = () => reject(new Error("the WebSocket failed"));
    })`);
    assert.equal(heard, "there and back");
  };
});

function launch(profile: string, proxy: string): Promise<BrowserContext> {
  return chromium.launchPersistentContext(profile, {
    executablePath: EXECUTABLE,
    headless: true,
    ignoreHTTPSErrors: true,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      `--proxy-server=${proxy}`,
      // Loopback addresses go past a proxy otherwise.
      "--proxy-bypass-list=<-loopback>",
    ],
  });
}
