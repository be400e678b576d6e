import assert from "node:assert/strict";
import { test } from "node:test";
import { startProxy } from "../../test/support/proxy-fixture.ts";
import { RawClient } from "../../test/support/raw-client.ts";

/** The parts of an answer. */
function parts(heard: string) {
  const [head = "", body = ""] = heard.split("\r\n\r\n", 2);
  const field = (name: string): string | undefined => new RegExp(`^${name}: (.*)\r?$`, "im").exec(head)?.[1];
  return { status: Number(head.split(" ", 2)[1]), field, body };
}

test("the proxy's own pages", async () => {
  await using fixture = await startProxy();
  const { port } = fixture.address;
  const ask = async (head: string, until: RegExp): Promise<ReturnType<typeof parts>> => {
    using client = await RawClient.connect(fixture.address);
    return parts(await client.send(`${head}\r\n\r\n`).hear(until));
  };
  const page = await ask(`GET / HTTP/1.1\r\nHost: localhost:${port}`, /<\/html>\n$/);
  assert.equal(page.status, 200);
  assert.match(page.field("Content-Security-Policy") ?? "", /^default-src 'none'; style-src 'sha256-/);
  assert.doesNotMatch(page.body, /<script|src=|https?:\/\/(?!127\.0\.0\.1|example\.com|country)/);
  const pac = await ask(`GET /proxy.pac HTTP/1.1\r\nHost: 127.0.0.1:${port}`, /\}\n$/);
  assert.equal(pac.field("Content-Type"), "application/x-ns-proxy-autoconfig");
  const find = new Function(`${pac.body}; return FindProxyForURL;`)() as (url: string, host: string) => string;
  assert.equal(find("http://a.example/", "a.example"), `SOCKS5 127.0.0.1:${port}`);
  for (const host of ["localhost", "x.localhost", "127.0.0.1", "127.9.9.9", "[::1]", "::1"])
    assert.equal(find(`http://${host}/`, host), "DIRECT", host);
  const missing = await ask("GET /favicon.ico HTTP/1.1\r\nHost: localhost", /\}\n$/);
  assert.deepEqual([missing.status, JSON.parse(missing.body).code], [404, "ERR_PAGE_UNKNOWN"]);
  for (const name of ["evil.example", "127.0.0.1.evil.example", "notlocalhost", "evil.localhost.example"]) {
    const rebound = await ask(`GET / HTTP/1.1\r\nHost: ${name}:${port}`, /\}\n$|<\/html>\n$/);
    assert.equal(rebound.status, 400, name);
    assert.equal(JSON.parse(rebound.body).code, "ERR_REQUEST_TARGET");
  }
});

test("a listener on all addresses tells apps the address that they reached", async () => {
  await using fixture = await startProxy({
    listen: { host: "0.0.0.0", port: 0 },
    users: [{ name: "a", password: "b" }],
  });
  const { port } = fixture.address;
  using client = await RawClient.connect({ host: "127.4.5.6", port });
  const heard = await client.send("GET /proxy.pac HTTP/1.1\r\nHost: 127.4.5.6\r\n\r\n").hear(/\}\n$/);
  assert.match(heard, new RegExp(`return "PROXY 127.4.5.6:${port}";`));
});
