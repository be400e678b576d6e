import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import { geoPath } from "../../../test/support/geo-file.ts";
import { type RunResult, runByway, startByway, temporaryDirectory } from "../../../test/support/run-byway.ts";

import { systemClock } from "../../core/clock.ts";
import { createTargetCertificate } from "../../testnet/target-certificate.ts";

const COUNTRY = "8.8.8.0,8.8.8.255,IT\n";

function serve(t: TestContext, listener: RequestListener): Promise<string> {
  return listen(t, createServer(listener));
}

async function listen(t: TestContext, server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  t.after(() => server.closeAllConnections());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function update(t: TestContext, data: string, ...args: readonly string[]): Promise<RunResult> {
  return runByway(t, ["geo", "update", "--data", data, ...args]);
}

test("geo show names files, dates, makers and licences, and what they say of addresses", async (t) => {
  const text = await runByway(t, ["geo", "show", "8.8.8.8", "2001:db8::1"]);
  assert.equal(text.code, 0, text.stderr);
  assert.match(text.stdout, /country \(npm\): .*\.mmdb\n {4}mmdb, IPv4 and IPv6, of 20\d\d-\d\d-\d\d/);
  assert.match(text.stdout, /NRO .*Licence: CC0-1\.0/);
  assert.match(text.stdout, /Route Views .*DB-IP .*Licence: CC-BY-4\.0/);
  assert.match(text.stdout, /\n8\.8\.8\.8\n {2}country +us\n {2}asn +15169\n/);
  assert.match(text.stdout, /\n2001:db8::1\n {2}hosting +unknown\n/);
  const json = await runByway(t, ["geo", "show", "8.8.8.8", "--json"]);
  const { files, addresses } = JSON.parse(json.stdout);
  assert.equal(files.length, 3);
  assert.equal(files[1].licence, "CC-BY-4.0");
  assert.deepEqual(addresses[0], {
    ip: "8.8.8.8",
    country: "us",
    asn: 15169,
    isp: addresses[0].isp,
    hosting: "hosting",
  });
});

test("geo show refuses what is no address, and a data file that cannot be read", async (t) => {
  const wrong = await runByway(t, ["geo", "show", "localhost"]);
  assert.match(wrong.stderr, /localhost is no IP address/);
  assert.equal(wrong.code, 64);
  const missing = await runByway(t, ["geo", "show", "--geo-data", "/does/not/exist"]);
  assert.match(missing.stderr, /ERR_GEO_DATA/);
  assert.equal(missing.code, 78);
});

test("geo update installs a file, and geo show uses it", async (t) => {
  const data = join(temporaryDirectory(t), "data");
  const { stdout, stderr } = await update(t, data, "--from", geoPath(t, "x.csv", COUNTRY));
  assert.match(stdout, /^Installed .*\/geo\/country-ipv4\.csv: country data, csv, ipv4, .*; 1 entries/, stderr);
  const shown = await runByway(t, ["geo", "show", "8.8.8.8", "--data", data, "--json"]);
  assert.equal(JSON.parse(shown.stdout).addresses[0].country, "it");
});

test("geo update installs where geo-data points, but not over a file", async (t) => {
  const directory = temporaryDirectory(t);
  const file = geoPath(t, "x.csv", COUNTRY);
  const done = await runByway(t, [
    "geo",
    "update",
    "--geo-data",
    directory,
    "--from",
    file,
    "--as",
    "country",
    "--json",
  ]);
  const { path, kind, records } = JSON.parse(done.stdout);
  assert.deepEqual([path, kind, records], [join(directory, "country-ipv4.csv"), "country", 1]);
  const refused = await runByway(t, ["geo", "update", "--geo-data", file, "--from", file]);
  assert.match(refused.stderr, /needs a directory/);
  assert.equal(refused.code, 64);
});

test("geo update fetches an address of this machine, through redirects and packed", async (t) => {
  const data = temporaryDirectory(t);
  const base = await serve(t, (request, response) => {
    if (request.url === "/latest") response.writeHead(302, { location: "/v2/x.csv.gz" }).end();
    else response.end(gzipSync(COUNTRY));
  });
  const { code, stderr } = await update(t, data, "--from", `${base}/latest`);
  assert.equal(code, 0, stderr);
  assert.equal(readFileSync(join(data, "geo", "country-ipv4.csv"), "utf8"), COUNTRY);
});

for (const [name, listener, message] of [
  ["a page that is not there", (_q, response) => response.writeHead(404).end("no"), /cannot be read \(status 404\)/],
  [
    "a circle of redirects",
    (q, response) => response.writeHead(302, { location: q.url ?? "" }).end(),
    /too many redirects/,
  ],
  [
    "a way to http elsewhere",
    (_q, response) => response.writeHead(302, { location: "http://192.0.2.1/" }).end(),
    /no https address/,
  ],
  ["a page for people", (_q, response) => response.end("<html>log in</html>"), /neither an MMDB nor a CSV/],
  [
    "an answer that breaks off",
    (_q, response) => {
      response.writeHead(200, { "content-length": 1_000 });
      response.write(COUNTRY, () => response.destroy());
    },
    /cannot be read \(/,
  ],
] satisfies readonly (readonly [string, RequestListener, RegExp])[]) {
  test(`geo update refuses ${name}`, async (t) => {
    const data = temporaryDirectory(t);
    const { code, stderr } = await update(t, data, "--from", await serve(t, listener));
    assert.match(stderr, message);
    assert.notEqual(code, 0);
    assert.deepEqual(readdirSync(join(data, "geo")), []);
  });
}

test("geo update fetches over https, and does not let itself be led to http", async (t) => {
  const data = temporaryDirectory(t);
  const { certPem, keyPem } = await createTargetCertificate(systemClock, ["127.0.0.1"]);
  const plain = await serve(t, (_request, response) => response.end(COUNTRY));
  const server = createHttpsServer({ cert: certPem, key: keyPem }, (request, response) => {
    if (request.url === "/down") response.writeHead(302, { location: plain }).end();
    else response.end(COUNTRY);
  });
  const base = (await listen(t, server)).replace("http:", "https:");
  const environment = { NODE_EXTRA_CA_CERTS: geoPath(t, "ca.pem", certPem) };
  const args = ["geo", "update", "--data", data, "--from"];
  const led = await runByway(t, [...args, `${base}/down`], { environment });
  assert.match(led.stderr, /it redirects to http/);
  const untrusted = await runByway(t, [...args, base]);
  assert.match(untrusted.stderr, /cannot be read \(DEPTH_ZERO_SELF_SIGNED_CERT\)/);
  assert.deepEqual(readdirSync(join(data, "geo")), []);
  const fetched = await runByway(t, [...args, base], { environment });
  assert.equal(fetched.code, 0, fetched.stderr);
});

for (const address of ["http://192.0.2.1/x", "ftp://127.0.0.1/x", "https://"]) {
  test(`geo update does not fetch ${address}`, async (t) => {
    const { code, stderr } = await update(t, temporaryDirectory(t), "--from", address);
    assert.match(stderr, /is no https address/);
    assert.equal(code, 64);
  });
}

test("a stopped geo update leaves what was there", async (t) => {
  const data = temporaryDirectory(t);
  await update(t, data, "--from", geoPath(t, "x.csv", COUNTRY));
  let isAsked = (): void => {};
  const asked = new Promise<void>((resolve) => {
    isAsked = resolve;
  });
  const base = await serve(t, (_request, response) => {
    response.write("8.8.8.0,8.8.8.255,FR\n");
    isAsked();
  });
  const { child, finished } = startByway(t, ["geo", "update", "--data", data, "--from", base]);
  await asked;
  child.kill("SIGINT");
  assert.equal((await finished).code, 130);
  assert.deepEqual(readdirSync(join(data, "geo")), ["country-ipv4.csv"]);
  assert.equal(readFileSync(join(data, "geo", "country-ipv4.csv"), "utf8"), COUNTRY);
});

test("a list of AS numbers alone takes the place of Byway's own", async (t) => {
  const data = geoPath(t, "list.txt", "AS15169\n");
  const { stdout } = await runByway(t, ["geo", "show", "8.8.8.8", "52.94.236.248", "--geo-data", data, "--json"]);
  assert.deepEqual(
    JSON.parse(stdout).addresses.map(({ hosting }: { hosting: string }) => hosting),
    ["hosting", "not-hosting"],
  );
});
