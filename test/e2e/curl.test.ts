import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { formatHostPort } from "../../src/core/network-address.ts";
import { startDnsServer } from "../support/dns-server.ts";
import { type Network, startNetwork } from "../support/network.ts";
import { type Origin, type SeenByOrigin, sha256, startOrigin, writeTo } from "../support/origin.ts";
import { curl, withoutPrograms } from "../support/run-program.ts";

const NAME = "origin.example";
/** More than all windows and buffers of three hops hold. */
const PAYLOAD_BYTES = 40_000_000;

/** Nobody listens here, and no node forbids it. */
const REFUSING = { host: "127.202.0.1", port: 9 };

/** What can go wrong, and how HTTP (`token`, `status`) and SOCKS5 (`reply`) tell it. */
const FAILURES: readonly {
  readonly what: string;
  readonly target?: string;
  readonly token: string;
  readonly status: number;
  readonly reply: number;
}[] = [
  {
    what: "refusing target",
    target: formatHostPort(REFUSING),
    token: "connection_refused",
    status: 502,
    reply: 5,
  },
  { what: "unknown name", target: "nowhere.example:80", token: "dns_error", status: 502, reply: 4 },
  { what: "private address", target: "10.0.0.1:80", token: "destination_ip_prohibited", status: 403, reply: 2 },
  { what: "closed port", target: "mail.example:25", token: "http_request_denied", status: 403, reply: 2 },
  { what: "unknown country", token: "destination_unavailable", status: 503, reply: 1 },
];

suite("curl", { skip: withoutPrograms("curl") }, () => {
  const cleanup = new AsyncDisposableStack();
  const payload = randomBytes(PAYLOAD_BYTES);
  const payloadDigest = sha256(payload);
  const directory = mkdtempSync(join(tmpdir(), "byway-curl-"));
  const payloadFile = join(directory, "payload");
  const certificateFile = join(directory, "origin.pem");
  let origin: Origin;
  let network: Network;
  let exits: readonly string[];

  before(async () => {
    cleanup.defer(() => rmSync(directory, { recursive: true }));
    origin = cleanup.use(
      await startOrigin({
        names: [NAME],
        payload,
        paths: {
          "/cut": (_, response) => {
            response.setHeader("content-length", 1_000_000);
            writeTo(response, Buffer.alloc(100_000), () => response.socket?.destroy());
          },
        },
      }),
    );
    const dns = await startDnsServer([{ name: NAME, type: "A", data: origin.http.host }]);
    cleanup.defer(() => dns.stop());
    const targets = [origin.http, origin.https].flatMap(({ host, port }) => [
      { host, port },
      { host: NAME, port },
    ]);
    network = cleanup.use(await startNetwork({ targets: [...targets, REFUSING], dnsServer: dns.address }));
    exits = network.testnet.nodes.map((node) => node.address.host);
    writeFileSync(payloadFile, payload);
    writeFileSync(certificateFile, origin.certificate);
  });
  after(() => cleanup.disposeAsync());

  const plainUrl = (path: string, host = NAME): string => `http://${host}:${origin.http.port}${path}`;
  const secureUrl = (path: string, host = NAME): string => `https://${host}:${origin.https.port}${path}`;
  const through = (scheme: string, userName: string): readonly string[] => ["-x", network.proxyUrl(scheme, userName)];

  for (const hops of ["hops-1", "hops-3"]) {
    // With socks5 curl resolves names itself, with the others the exit does.
    for (const [scheme, byName] of [
      ["socks4a", true],
      ["socks5", false],
      ["socks5h", true],
      ["http", true],
    ] as const) {
      test(`${scheme}, ${hops}: the target sees an exit's address`, async () => {
        const url = plainUrl("/seen", byName ? NAME : origin.http.host);
        const result = await curl([...through(scheme, hops), url]);
        assert.deepEqual([result.code, result.stderr], [0, ""]);
        const seen = JSON.parse(result.stdout) as SeenByOrigin;
        assert.ok(exits.includes(seen.sourceAddress), seen.sourceAddress);
        assert.equal(seen.host, new URL(url).host);
        assert.equal(seen.headers["proxy-authorization"], undefined);
      });

      test(`${scheme}, ${hops}: HTTP/2 with a verified certificate`, async () => {
        const url = secureUrl("/seen", byName ? NAME : origin.https.host);
        const result = await curl([...through(scheme, hops), "--http2", "--cacert", certificateFile, url]);
        assert.deepEqual([result.code, result.stderr], [0, ""]);
        const seen = JSON.parse(result.stdout) as SeenByOrigin;
        assert.equal(seen.httpVersion, "2.0");
        assert.ok(exits.includes(seen.sourceAddress), seen.sourceAddress);
      });
    }

    test(`http --proxytunnel, ${hops}: nothing is added to the request`, async () => {
      const result = await curl([...through("http", hops), "--proxytunnel", plainUrl("/seen")]);
      assert.deepEqual([result.code, result.stderr], [0, ""]);
      const seen = JSON.parse(result.stdout) as SeenByOrigin;
      assert.deepEqual(Object.keys(seen.headers).sort(), ["accept", "host", "user-agent"]);
    });

    test(`http, ${hops}: two requests on one connection`, async () => {
      const result = await curl([...through("http", hops), "-w", " %{num_connects}\n", plainUrl("/a"), plainUrl("/b")]);
      assert.equal(result.code, 0, result.stderr);
      const connects = [...result.stdout.matchAll(/ (\d)$/gm)].map((match) => match[1]);
      assert.deepEqual(connects, ["1", "0"]);
    });

    test(`http, ${hops}: 40 MB up`, async () => {
      const result = await curl([...through("http", hops), "-T", payloadFile, plainUrl("/digest")]);
      assert.deepEqual(result, { code: 0, stdout: payloadDigest, stderr: "" });
    });

    test(`http, ${hops}: 40 MB down`, async () => {
      const file = join(directory, `down-${hops}`);
      const result = await curl([...through("http", hops), "-o", file, plainUrl("/payload")]);
      assert.deepEqual(result, { code: 0, stdout: "", stderr: "" });
      assert.equal(await digestOf(file), payloadDigest);
    });

    test(`socks5h, ${hops}: 40 MB up and down at once`, async () => {
      const file = join(directory, `echo-${hops}`);
      const result = await curl([...through("socks5h", hops), "-T", payloadFile, "-o", file, plainUrl("/echo")]);
      assert.deepEqual(result, { code: 0, stdout: "", stderr: "" });
      assert.equal(await digestOf(file), payloadDigest);
    });

    for (const { what, target, token, status, reply } of FAILURES) {
      test(`${what}, ${hops}: curl's exit codes and the proxy's reason`, async () => {
        const userName = what === "unknown country" ? `country-aq-${hops}` : hops;
        const url = `http://${target ?? formatHostPort(origin.http)}/`;
        const { proxyUrl } = network;

        const socks5 = await curl(["-x", proxyUrl("socks5h", userName), url]);
        assert.equal(socks5.code, 97, socks5.stderr);
        assert.match(socks5.stderr, new RegExp(`\\(${reply}\\)`));

        const socks4 = await curl(["-x", proxyUrl("socks4a", userName), url]);
        assert.equal(socks4.code, 97, socks4.stderr);

        const tunnel = await curl(["-x", proxyUrl("http", userName), "-p", "-D", "-", "-w", "%{http_connect}", url]);
        assert.equal(tunnel.code, 56, tunnel.stderr);
        assert.match(tunnel.stderr, new RegExp(`CONNECT tunnel failed, response ${status}`));
        assert.match(
          tunnel.stdout,
          new RegExp(String.raw`^proxy-status: byway; error=${token}; details="(?:[^"\\]|\\")+"\r$`, "im"),
        );

        const plain = await curl(["-x", proxyUrl("http", userName), "-f", "-D", "-", "-w", "%{http_code}", url]);
        assert.equal(plain.code, 22, plain.stderr);
        assert.match(plain.stdout, new RegExp(`${status}$`));
        assert.match(plain.stdout, new RegExp(`^proxy-status: byway; error=${token};`, "im"));
      });
    }

    test(`a body that is cut, ${hops}: curl does not take it for whole`, async () => {
      const url = plainUrl("/cut");
      const args = ["-o", join(directory, "cut"), url];
      assert.ok([18, 56].includes((await curl([...through("socks5h", hops), ...args])).code ?? 0));
      assert.ok([18, 56].includes((await curl([...through("http", hops), ...args])).code ?? 0));
    });
  }

  test("a misspelt parameter is told, with the nearest one", async () => {
    const args = [...through("http", "contry-de"), "-w", "%{http_code}", plainUrl("/seen")];
    const { code, stdout } = await curl(args);
    assert.equal(code, 0);
    assert.match(stdout, /country[\s\S]*400$/);
    const socks = await curl([...through("socks5h", "contry-de"), plainUrl("/seen")]);
    assert.equal(socks.code, 97);
  });
});

async function digestOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
