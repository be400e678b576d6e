import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { FAMILIES } from "./all-rows.ts";
import { filledLine } from "./filled-line.ts";

const FILLING = {
  proxy: { host: "127.0.0.1", port: 7 },
  country: "jp",
  session: "s1",
  target: { host: "r1.site.example", port: 8 },
} as const;

test("a line is run with another proxy, name and target in the places of those that it shows", () => {
  for (const [kind, line, expected] of [
    [
      "https",
      "curl -x http://country-de:x@127.0.0.1:1080 https://example.com/a",
      "curl -x http://country-jp-session-s1:x@127.0.0.1:7 https://r1.site.example:8/a",
    ],
    [
      "http",
      "https_proxy=http://country-de:x@127.0.0.1:1080 wget https://example.com/",
      "http_proxy=http://country-jp-session-s1:x@127.0.0.1:7 wget http://r1.site.example:8/",
    ],
    [
      "raw",
      "socat - PROXY:127.0.0.1:example.com:443,proxyport=1080,proxyauth=country-de:x",
      "socat - PROXY:127.0.0.1:r1.site.example:8,proxyport=7,proxyauth=country-jp-session-s1:x",
    ],
    [
      "http",
      'new WebSocket("wss://example.com/", "http://country-de:x@127.0.0.1:1080")',
      'new WebSocket("ws://r1.site.example:8/", "http://country-jp-session-s1:x@127.0.0.1:7")',
    ],
    ["raw", "dig +tcp -p 53 @example.com example.org", "dig +tcp -p 8 @r1.site.example example.org"],
    [
      "raw",
      "scp -o ProxyCommand='ncat --proxy 127.0.0.1:1080 %h %p' scp://example.com:22/a example.com:b",
      "scp -o ProxyCommand='ncat --proxy 127.0.0.1:7 %h %p' scp://r1.site.example:8/a r1.site.example:b",
    ],
    ["https", 'get("127.0.0.1", 1080, "country-de")', 'get("127.0.0.1", 7, "country-jp-session-s1")'],
  ] as const) {
    assert.equal(filledLine(line, { ...FILLING, kind }), expected);
  }
  assert.throws(() => filledLine("curl http://example.com/", { ...FILLING, kind: "http" }), /nothing stands in/);
});

test("every line names the proxy's address or asks for it, and wants a German exit", () => {
  for (const { line } of Object.values(FAMILIES).flat()) {
    assert.match(line, /\b1080\b|npx byway env/);
    assert.match(line, /country-de|--country de/);
  }
});

test("the first screen of README tells the users of the commonest programs what to write", () => {
  const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  const screen = readme.split("\n").slice(0, 45).join("\n");
  for (const program of ["curl", "Playwright", "git", "requests", "Java `URLConnection`", "Java HttpClient"]) {
    const row = Object.values(FAMILIES)
      .flat()
      .find((one) => one.program === program && one.inReadme === true);
    assert.ok(row !== undefined && screen.includes(row.line), program);
  }
});
