import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import tls from "node:tls";
import { pathToFileURL } from "node:url";
import { formatHostPort } from "../../src/core/network-address.ts";
import { createTestnet, type Testnet } from "../../src/testnet/testnet.ts";
import { inTime } from "../support/in-time.ts";
import { type Origin, startOrigin } from "../support/origin.ts";
import { temporaryDirectory } from "../support/run-byway.ts";

const PAGE = readFileSync(new URL("../../docs/library.md", import.meta.url), "utf8");
const EXAMPLES = [...PAGE.matchAll(/^```js\n(.*?)^```$/gms)].map(([, text = ""]) => text);
const WANTED: readonly (readonly unknown[])[] = [
  ["HTTP/1.1 200 OK", "us", 2],
  [200, 4, 200, 4],
  [200],
  [
    "ERR_PARAMETER_UNKNOWN",
    'unknown parameter "contry": did you mean country?',
    "Correct the parameter's name: the message gives the nearest known one. In a user name, write _ instead of a hyphen within a value.",
    "ERR_ABORTED",
    "ERR_STOPPED",
  ],
];

suite("the page on the library", () => {
  const cleanup = new AsyncDisposableStack();
  const trusted = tls.getCACertificates("default");
  let origin: Origin;
  let network: Testnet;

  before(async () => {
    const page = { "/": (_: unknown, response: { end(text: string): unknown }) => void response.end("page") };
    origin = cleanup.use(await startOrigin({ paths: page }));
    tls.setDefaultCACertificates([...trusted, origin.certificate]);
    cleanup.defer(() => tls.setDefaultCACertificates(trusted));
    network = await createTestnet(3, { allowTargets: [origin.http, origin.https], dnsServers: ["127.53.0.2:53"] });
    cleanup.defer(() => network.stop());
  });
  after(() => cleanup.disposeAsync());

  test("has the examples that are run here", () => assert.equal(EXAMPLES.length, WANTED.length));

  for (const [index, example] of EXAMPLES.entries()) {
    test(`example ${index + 1} does what it says`, async (t) => {
      const directory = temporaryDirectory(t);
      mkdirSync(join(directory, "data"));
      const shown: unknown[] = [];
      Object.assign(globalThis, { shown });
      // The page's network, its site and its place on the disk are those of this test; all else stays.
      const program = example
        .replaceAll('"byway";', `${JSON.stringify(new URL("../../src/index.ts", import.meta.url).href)};`)
        .replaceAll('"undici";', `${JSON.stringify(import.meta.resolve("undici"))};`)
        .replaceAll("/ip4/45.10.0.1/tcp/4433/p2p/12D3Koo…", network.network.bootstrap[0] ?? "")
        .replaceAll('network: "byway",', "")
        .replaceAll("directory: {", 'localNetwork: true, directory: { network: "demo",')
        .replaceAll("https://example.com/", `https://${formatHostPort(origin.https)}/`)
        .replaceAll('host: "example.com", port: 80', `host: "${origin.http.host}", port: ${origin.http.port}`)
        .replaceAll("./data", join(directory, "data"))
        .replaceAll("console.log(", "globalThis.shown.push(");
      const file = join(directory, "example.mjs");
      writeFileSync(file, program);
      await inTime(import(pathToFileURL(file).href), "the example has ended", 20_000);
      assert.deepEqual(shown, WANTED[index]);
    });
  }
});
