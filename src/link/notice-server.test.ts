import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { closeOf, collect } from "../../test/support/collect.ts";
import { until } from "../../test/support/proxy-fixture.ts";
import { serveTcp } from "../../test/support/tcp-server.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { LINK_LIMITS } from "./limits.ts";
import type { NoticeFacts } from "./notice-page.ts";
import { type NoticeBounds, NoticeServer, noticeGate } from "./notice-server.ts";

const CONTACT = `<script>alert("x")</script> & abuse@example.org\u202e\u2028`;

async function setUp(
  t: TestContext,
  facts: Partial<NoticeFacts> = {},
  bounds: NoticeBounds = { open: 4, networkOpen: 4, perSecond: 4, networkPerSecond: 4, networkBurst: 8 },
) {
  const clock = new FakeClock();
  const notice = new NoticeServer({ clock }, { roles: ["relay", "exit"], contact: CONTACT, ...facts }, bounds);
  let accepted = 0;
  const { open, address } = await serveTcp(t, (socket) => {
    accepted += 1;
    notice.accept(socket.on("error", () => {}));
  });
  t.after(() => notice.stop());
  const ask = async (request: string): Promise<string> => {
    clock.advance(1_000);
    const socket = open();
    socket.write(request, "latin1");
    return (await collect(socket)).toString();
  };
  /** From another network than the rest. */
  const openFrom = (localAddress: string): Socket => {
    const socket = connect({ ...address, localAddress }).on("error", () => {});
    t.after(() => socket.destroy());
    return socket;
  };
  return { clock, notice, open, openFrom, ask, accepted: () => accepted };
}

const head = (line: string, ...fields: readonly string[]): string =>
  `${[line, "host: x", ...fields].join("\r\n")}\r\n\r\n`;

test("whoever asks is told what the address is, whatever the path, and the connection ends", async (t) => {
  const { ask } = await setUp(t);
  for (const target of ["/", "/a/b?c", "http://example.com/", "*"]) {
    const answer = await ask(head(`GET ${target} HTTP/1.1`));
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/);
    assert.match(answer, /\r\ncontent-type: text\/plain; charset=utf-8\r\n/);
    assert.match(answer, /\r\nconnection: close\r\n/i);
    assert.match(answer, /Byway node[\s\S]*Relay:[\s\S]*Exit: [\s\S]*other people made the requests/);
    assert.match(answer, /abuse@example\.org\n/);
    assert.match(answer, /time zone\n[\s\S]*address and port/);
  }
});

test("a browser gets a page that fetches nothing, in which the operator's words are text", async (t) => {
  const { ask } = await setUp(t);
  const answer = await ask(head("GET / HTTP/1.1", "accept: text/html,*/*;q=0.8"));
  assert.match(answer, /content-type: text\/html; charset=utf-8\r\n/);
  assert.match(answer, /content-security-policy: default-src 'none'/);
  assert.match(answer, /&#60;script&#62;alert\(&#34;x&#34;\)&#60;\/script&#62; &#38; abuse@example\.org<\/p>/);
  assert.doesNotMatch(answer, /<script|<a |href|src=|[\u202e\u2028]/);
});

test("what a node does decides what is said of it", async (t) => {
  const bootstrap = await setUp(t, { roles: ["bootstrap"], contact: undefined });
  const answer = await bootstrap.ask(head("GET / HTTP/1.1"));
  assert.match(answer, /helps nodes to find each other/);
  assert.doesNotMatch(answer, /Exit:|Relay:/);
  assert.match(answer, /The operator has left no address here/);
});

test("HEAD has no body, robots are sent away, and other methods are not allowed", async (t) => {
  const { ask } = await setUp(t);
  assert.match(
    await ask(head("HEAD / HTTP/1.1")),
    /^HTTP\/1\.1 200 OK\r\n[\s\S]*content-length: [1-9][\s\S]*\r\n\r\n$/,
  );
  assert.match(await ask(head("GET /robots.txt HTTP/1.1")), /\r\n\r\nUser-agent: \*\nDisallow: \/\n$/);
  assert.match(await ask(head("POST / HTTP/1.1", "content-length: 5", "expect: 100-continue")), /^HTTP\/1\.1 405 /);
  assert.match(await ask(head("CONNECT example.com:443 HTTP/1.1")), /^HTTP\/1\.1 405 /);
});

test("what is no HTTP/1.1, or too long, is closed without a word", async (t) => {
  const { ask } = await setUp(t);
  assert.equal(await ask("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "");
  assert.equal(await ask("GARBAGE\r\n\r\n"), "");
  const long = `x: ${"y".repeat(LINK_LIMITS.noticeHeadBytes.value)}`;
  // What was not read may turn the end into a reset.
  assert.equal(await ask(head("GET / HTTP/1.1", long)).catch(() => ""), "");
});

test("a request that does not come to its end is closed", async (t) => {
  const { clock, open, accepted } = await setUp(t);
  const socket = open();
  socket.write("GET / HTT");
  await until(() => accepted() === 1);
  clock.advance(LINK_LIMITS.noticeHeadMs.value);
  await closeOf(socket.resume());
  assert.equal(clock.pending, 0);
});

test("no more is answered at once, and in a second, than may be", async (t) => {
  const { clock, notice, open, ask } = await setUp(
    t,
    {},
    {
      open: 2,
      networkOpen: 2,
      perSecond: 4,
      networkPerSecond: 4,
      networkBurst: 8,
    },
  );
  const [first, second, third] = [open(), open(), open()];
  await Promise.race([first, second, third].map((socket) => closeOf(socket.resume())));
  assert.equal([first, second, third].filter((socket) => socket.destroyed).length, 1);
  await notice.stop();
  // One of the four allowed a second is left.
  const answers = [open(), open()].map((socket) => {
    socket.end(head("GET / HTTP/1.1"));
    return collect(socket).then(String, () => "");
  });
  assert.equal((await Promise.all(answers)).filter((answer) => answer !== "").length, 1);
  clock.advance(0);
  assert.match(await ask(head("GET / HTTP/1.1")), /^HTTP\/1\.1 200/);
});

test("a network that sits on its places keeps nobody else out", async (t) => {
  const bounds = { open: 4, networkOpen: 3, perSecond: 20, networkPerSecond: 10, networkBurst: 20 };
  const { open, openFrom, accepted } = await setUp(t, {}, bounds);
  const greedy = Array.from({ length: 6 }, () => open().resume());
  await until(() => accepted() === 6 && greedy.filter((socket) => !socket.destroyed).length === 3);
  const other = openFrom("127.0.1.1").resume();
  await until(() => accepted() === 7);
  const third = openFrom("127.0.2.1");
  third.write(head("GET / HTTP/1.1"));
  // All places are taken: that of the network with most goes to the newcomer.
  assert.match((await collect(third)).toString(), /^HTTP\/1\.1 200/);
  await until(() => greedy.filter((socket) => !socket.destroyed).length === 2);
  assert.ok(!other.destroyed);
});

test("a network that asks all the time uses up no more than its part", async (t) => {
  const bounds = { open: 100, networkOpen: 100, perSecond: 10, networkPerSecond: 2, networkBurst: 4 };
  const { open, openFrom, accepted } = await setUp(t, {}, bounds);
  const greedy = Array.from({ length: 30 }, () => open().resume());
  await until(() => accepted() === 30 && greedy.filter((socket) => !socket.destroyed).length === 4);
  const other = openFrom("127.0.1.1");
  other.write(head("GET / HTTP/1.1"));
  assert.match((await collect(other)).toString(), /^HTTP\/1\.1 200/);
});

test("a dozen networks that ask as often as they may, at whichever pace, keep no other one from asking", () => {
  for (const everyMs of [50, 240, 260, 300, 400, 900]) {
    const clock = new FakeClock();
    const gate = noticeGate(clock);
    for (let ms = 0; ms < 60_000; ms += 10) {
      for (let network = 0; network < 12; network += 1) {
        if ((ms + 20 * network) % everyMs === 0) gate.admit(`127.11.${network}.1`);
      }
      if (ms % 1_500 === 0) assert.ok(gate.admit("127.77.0.1"), `every ${everyMs} ms, after ${ms} ms`);
      clock.advance(10);
    }
  }
});

test("an answer that is not read is closed in its own time", async (t) => {
  const { clock, open } = await setUp(t);
  const socket = open();
  socket.write(head("GET / HTTP/1.1"));
  assert.match((await collect(socket)).toString(), /^HTTP\/1\.1 200/);
  await until(() => clock.pending === 0);
});

test("an exit says what it writes down, which rules hold and what it runs; a relay has nothing to tell", async (t) => {
  const facts = {
    software: "byway/1.2.3",
    peerId: "12D3KooWnode",
    policy: ["reject *:25", "accept <b>*:443"],
    log: { days: 30 },
  };
  const exit = await setUp(t, facts);
  const page = await exit.ask(head("GET / HTTP/1.1", "accept: text/html"));
  assert.match(page, /For 30 days it keeps a log/);
  assert.match(page, /<li>reject \*:25<\/li>\n<li>accept &#60;b&#62;\*:443<\/li>/);
  assert.match(page, /byway\/1\.2\.3[\s\S]*12D3KooWnode/);
  const silent = await setUp(t, { ...facts, log: "none" });
  assert.match(await silent.ask(head("GET / HTTP/1.1")), /It keeps no log of what it forwards\./);
  const relay = await setUp(t, { ...facts, roles: ["relay"] });
  assert.doesNotMatch(await relay.ask(head("GET / HTTP/1.1")), /keeps a log|reject|closed? this way/);
});

test("no more rules are shown than anyone reads", async (t) => {
  const { ask } = await setUp(t, { policy: Array.from({ length: 150 }, (_, n) => `reject *:${n}`) });
  const answer = await ask(head("GET / HTTP/1.1"));
  assert.match(answer, /- reject \*:99\n {2}- and 50 more\n/);
});

test("security.txt has the contact where programs can use it, and is not found otherwise", async (t) => {
  const request = head("GET /.well-known/security.txt HTTP/1.1");
  for (const [contact, uri] of [
    ["abuse@example.org", "mailto:abuse@example.org"],
    [" mailto:a+b%c@example.org ", undefined],
    ["mailto:a+b@example.org", "mailto:a%2Bb@example.org"],
    ["https://example.org/abuse?from=byway", "https://example.org/abuse?from=byway"],
    ["tel:+1-201-555-0123", "tel:+1-201-555-0123"],
    ["http://example.org/", undefined],
    ["https://user:secret@example.org/", undefined],
    ["Ask for Kim at the front desk", undefined],
    ["a@example.org\r\nContact: mailto:b@example.org", undefined],
    [undefined, undefined],
  ] as const) {
    const { ask, clock } = await setUp(t, { contact });
    const answer = await ask(request);
    if (uri === undefined) {
      assert.match(answer, /^HTTP\/1\.1 404 /, `${contact}`);
      assert.doesNotMatch(answer, /Expires: /);
      continue;
    }
    const [, body = ""] = answer.split("\r\n\r\n");
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\ncontent-type: text\/plain; charset=utf-8\r\n/);
    const [contactLine, expiresLine = ""] = body.split("\n");
    assert.equal(contactLine, `Contact: ${uri}`);
    const expiresMs = Date.parse(expiresLine.replace("Expires: ", ""));
    assert.ok(expiresMs > clock.nowMs() && expiresMs < clock.nowMs() + 365 * 24 * 3_600_000, expiresLine);
  }
});
