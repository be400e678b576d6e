import assert from "node:assert/strict";
import { test } from "node:test";
import { type ProxyFixture, startHttpTarget, startProxy } from "../../test/support/proxy-fixture.ts";
import { RawClient } from "../../test/support/raw-client.ts";
import { RecordingLogger } from "../../test/support/recording-logger.ts";
import { BywayError } from "../core/errors.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { formatHostPort } from "../core/network-address.ts";
import { encodeSocks5Credentials, encodeSocks5Greeting } from "../wire/socks5-client.ts";
import { INGRESS_LIMITS } from "./limits.ts";
import { type AskName, NameRule } from "./name-rule.ts";
import type { RefusedRequest } from "./stream-opener.ts";

const NAME = `Proxy-Authorization: Basic ${Buffer.from("country-us:x").toString("base64")}\r\n`;
const GIT = "User-Agent: git/2.39.5\r\n";

/** A proxy that asks as `askName` says, and what a request with `fields` to its target is answered and seen to ask for. */
async function start(askName: AskName) {
  const target = await startHttpTarget((_request, response) => response.end("page"));
  const fixture = await startProxy({ askName });
  return {
    fixture,
    authority: target.authority,
    plain: (fields: string) => `GET http://${target.authority}/ HTTP/1.1\r\nHost: ${target.authority}\r\n${fields}\r\n`,
    connect: (fields: string) => `CONNECT ${target.authority} HTTP/1.1\r\nHost: ${target.authority}\r\n${fields}\r\n`,
    ask: (request: string) => statusOf(fixture, request),
    async [Symbol.asyncDispose]() {
      await fixture[Symbol.asyncDispose]();
      await target[Symbol.asyncDispose]();
    },
  };
}

async function statusOf(fixture: ProxyFixture, request: string): Promise<number> {
  using client = await RawClient.connect(fixture.address);
  const heard = await client.send(request).hear(/\r\n\r\n/);
  return Number(heard.split(" ", 2)[1]);
}

test("a program that waits is asked, and its name arrives, on the same connection or the next", async () => {
  await using proxy = await start("waiting");
  const { fixture, plain, connect } = proxy;
  using client = await RawClient.connect(fixture.address);
  const asked = await client.send(plain(GIT)).hear(/\}\n$/);
  assert.match(asked, /^HTTP\/1\.1 407 /);
  assert.match(asked, /^Proxy-Authenticate: Basic realm="[^"]*country-de[^"]*", charset="UTF-8"\r$/m);
  const [, body = "{}"] = asked.split("\r\n\r\n");
  assert.equal(JSON.parse(body).code, "ERR_USER_NAME");
  assert.match(JSON.parse(body).message.slice(0, 80), /send a user name such as country-de.*git/);
  assert.match(
    await client
      .forget()
      .send(plain(GIT + NAME))
      .hear(/page$/),
    /^HTTP\/1\.1 200 /,
  );
  assert.equal(await proxy.ask(connect(GIT)), 407);
  assert.equal(await proxy.ask(connect(GIT + NAME)), 200);
  assert.deepEqual(
    fixture.opener.requests.map(({ constraints }) => constraints),
    [{ countries: ["us"] }, { countries: ["us"] }],
  );
});

test("a program that has no name gets through after two refusals; one that does not wait, at once", async () => {
  await using proxy = await start("waiting");
  const { plain, connect, fixture } = proxy;
  for (const request of [plain("User-Agent: curl/8\r\n"), connect(""), plain("")])
    assert.equal(await proxy.ask(request), 200);
  for (const status of [407, 407, 200, 200]) {
    assert.equal(await proxy.ask(plain(GIT)), status);
    fixture.clock.advance(INGRESS_LIMITS.nameAnswerMs.value);
  }
});

test("the log says once a minute that a program has no name, and nothing of one that answers", () => {
  const clock = new FakeClock();
  const logger = new RecordingLogger();
  const rule = new NameRule({ clock, logger }, { ask: "waiting" });
  const ask = (host: string, name?: string) => {
    const request = { method: "GET", url: `http://${host}/`, httpVersion: "1.1", rawHeaders: ["User-Agent", "git/2"] };
    const sent = name === undefined ? undefined : { userName: name, password: "x" };
    try {
      rule.checkHttp(request, sent, { remoteAddress: "127.0.0.1" });
    } catch (error) {
      assert.ok(error instanceof BywayError && error.code === "ERR_USER_NAME");
    }
    clock.advance(INGRESS_LIMITS.nameAnswerMs.value);
  };
  ask("a.example");
  assert.equal(logger.lines.length, 0, "it may still answer");
  for (const host of ["a.example", "a.example", "b.example", "b.example"]) ask(host);
  assert.equal(logger.lines.length, 1);
  assert.match(logger.lines[0] ?? "", /^info .*"program":"git","remedy":".*auto and x/);
  clock.advance(INGRESS_LIMITS.mistakeReportMs.value);
  ask("b.example");
  assert.equal(logger.lines.length, 2);
  ask("b.example", "country-de");
  clock.advance(INGRESS_LIMITS.mistakeReportMs.value);
  for (const host of ["a.example", "b.example", "b.example"]) ask(host);
  assert.equal(logger.lines.length, 2, "a program that has a name is asked each time");
});

test("the log says once a minute that a CONNECT without a name came from a program that says nothing of itself", () => {
  const clock = new FakeClock();
  const logger = new RecordingLogger();
  const connect = { method: "CONNECT", url: "a.example:443", httpVersion: "1.0", rawHeaders: [] as string[] };
  const sender = { remoteAddress: "127.0.0.1" };
  const rule = new NameRule({ clock, logger }, { ask: "waiting" });
  rule.checkHttp(connect, { userName: "country-de", password: "x" }, sender);
  rule.checkHttp({ ...connect, rawHeaders: ["byway-select", "country=de"] }, undefined, sender);
  rule.checkHttp({ ...connect, rawHeaders: ["User-Agent", "curl/8"] }, undefined, sender);
  new NameRule({ clock, logger }, { ask: "never" }).checkHttp(connect, undefined, sender);
  assert.deepEqual(logger.lines, []);
  for (let times = 0; times < 3; times += 1) rule.checkHttp(connect, undefined, sender);
  assert.equal(logger.lines.length, 1);
  assert.match(logger.lines[0] ?? "", /^info a CONNECT had no user name.*ask-name = /);
  clock.advance(INGRESS_LIMITS.mistakeReportMs.value);
  rule.checkHttp(connect, undefined, sender);
  assert.equal(logger.lines.length, 2);
});

test("what says what it wants in a header has no need of a name; nor has anything where nobody is asked", async () => {
  for (const askName of ["never", "waiting", "always"] as const) {
    await using proxy = await start(askName);
    assert.equal(await proxy.ask(proxy.plain(`${GIT}byway-select: country=de\r\n`)), 200, askName);
    for (const nothing of ["", "byway-select:\r\n", "Byway-Select: \t \r\n"])
      assert.equal(await proxy.ask(proxy.plain(`${GIT}${nothing}`)), askName === "never" ? 200 : 407, askName);
  }
});

test("an empty name is the answer of one who has none", async () => {
  await using proxy = await start("waiting");
  assert.equal(await proxy.ask(proxy.plain(GIT)), 407);
  assert.equal(await proxy.ask(proxy.plain(`${GIT}Proxy-Authorization: Basic Og==\r\n`)), 200);
});

test("a listener that insists takes no request without a name, by whatever protocol", async () => {
  await using proxy = await start("always");
  const { fixture, plain, connect } = proxy;
  const empty = "Proxy-Authorization: Basic Og==\r\n";
  for (const request of [plain(""), plain(empty), connect(""), plain(GIT)]) assert.equal(await proxy.ask(request), 407);
  for (const request of [plain(NAME), connect(NAME)]) assert.equal(await proxy.ask(request), 200);
  const refused = [
    [encodeSocks5Greeting([0]), [5, 0xff]],
    [Buffer.concat([encodeSocks5Greeting([0, 2]), encodeSocks5Credentials({ user: "", password: "x" })]), [5, 2, 1, 1]],
    [Uint8Array.of(4, 1, 0, 80, 127, 0, 0, 1, 0), [0, 0x5d, 0, 0, 0, 0, 0, 0]],
  ] as const;
  for (const [bytes, answer] of refused) {
    using client = await RawClient.connect(fixture.address);
    assert.deepEqual(await client.send(bytes).hearBytes(answer.length), answer);
  }
  using named = await RawClient.connect(fixture.address);
  named.send(encodeSocks5Greeting([0, 2])).send(encodeSocks5Credentials({ user: "auto", password: "x" }));
  assert.deepEqual(await named.hearBytes(4), [5, 2, 1, 0]);
});

test("credentials without a colon or in latin1 are a name", async () => {
  await using proxy = await start("waiting");
  for (const bytes of [Buffer.from("josé", "latin1"), Buffer.from("josé"), Buffer.from("country-us")]) {
    const field = `Proxy-Authorization: Basic ${bytes.toString("base64")}\r\n`;
    assert.equal(await proxy.ask(proxy.plain(field)), 200, bytes.toString());
  }
  assert.deepEqual(
    proxy.fixture.opener.requests.map(({ user }) => user),
    ["josé", "josé", ""],
  );
  assert.deepEqual(proxy.fixture.opener.requests.at(-1)?.constraints, { countries: ["us"] });
});

test("a user name that SOCKS refuses is in the list of requests, with what was sent and why", async () => {
  const refused: RefusedRequest[] = [];
  await using proxy = await start("never");
  proxy.fixture.opener.noteRefused = (one) => void refused.push(one);
  using socks5 = await RawClient.connect(proxy.fixture.address);
  socks5.send(encodeSocks5Greeting([0, 2])).send(encodeSocks5Credentials({ user: "contry-us", password: "x" }));
  assert.deepEqual(await socks5.hearBytes(4), [5, 2, 1, 1]);
  using socks4 = await RawClient.connect(proxy.fixture.address);
  await socks4.send(Buffer.from("\x04\x01\x00\x50\x01\x02\x03\x04hops-9\x00", "latin1")).hearBytes(8);
  const field = `Proxy-Authorization: Basic ${Buffer.from("hops-9:").toString("base64")}\r\n`;
  assert.equal(await proxy.ask(proxy.connect(field)), 400);
  assert.deepEqual(
    refused.map(({ user, target, error }) => [user, target === undefined ? "" : formatHostPort(target), error.code]),
    [
      ["contry-us", "", "ERR_PARAMETER_UNKNOWN"],
      ["hops-9", "1.2.3.4:80", "ERR_PARAMETER_VALUE"],
      ["hops-9", proxy.authority, "ERR_PARAMETER_VALUE"],
    ],
  );
});
