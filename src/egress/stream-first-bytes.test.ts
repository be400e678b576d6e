import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { connect as connectTls } from "node:tls";
import fc from "fast-check";
import { CHROMIUM_HELLO, CURL_HELLO, NODE_HELLO, OPENSSL_HELLO } from "../../test/support/client-hellos.ts";
import { closeOf, collect } from "../../test/support/collect.ts";
import {
  ADDRESS,
  FakePolicy,
  firstBytes,
  HANDSHAKE,
  helloFor,
  LISTED,
  outcome,
  request,
  unclear,
  verdicts,
} from "../../test/support/first-bytes-looks.ts";
import { hostileBytes, onlyTypedErrors } from "../../test/support/hostile-bytes.ts";
import { messageOf, nameEntry, nameList, naming, partsOf, recordsOf } from "../../test/support/odd-hellos.ts";
import { systemClock } from "../core/clock.ts";
import { silentLogger } from "../core/logger.ts";
import { ByteBudget } from "../flow/byte-budget.ts";
import { splice } from "../flow/splice.ts";
import { EGRESS_LIMITS } from "./limits.ts";
import { ExitPolicy } from "./policy/exit-policy.ts";
import { parsePolicy } from "./policy/parse-policy.ts";
import { DEFAULT_POLICY } from "./policy/policy-rule.ts";
import { StreamFirstBytes } from "./stream-first-bytes.ts";

test("a name of the stream that is not the target's is judged as well, and the stricter of both counts", () => {
  const listed = (kind: string): unknown => ["ERR_POLICY_LISTED", `list drop, ${kind}`];
  const rows: readonly (readonly [string | undefined, Buffer, unknown])[] = [
    ["curl.example", CURL_HELLO, "pass"],
    ["front.example", CHROMIUM_HELLO, "pass"],
    [undefined, NODE_HELLO, "pass"],
    ["front.example", OPENSSL_HELLO, "pass"],
    ["a.example", request("a.example:8080"), "pass"],
    ["a.example", request("A.Example."), "pass"],
    ["a.example", request("b.example"), "pass"],
    ["a.example", request("x.BAD.example"), listed("host header")],
    ["a.example", request("bad.example.:443"), listed("host header")],
    ["a.example", request("a.example", "http://bad.example/"), listed("host header")],
    ["a.example", request("a.example\r\nHost: bad.example"), listed("host header")],
    [undefined, request("bad.example"), listed("host header")],
    ["a.example", request(ADDRESS), "pass"],
    [undefined, request("198.51.25345"), "pass"],
    ["a.example", request("9.9.9.9"), listed("host header")],
    ["a.example", Buffer.from("EHLO bad.example\r\n"), "open"],
  ];
  for (const [name, seen, expected] of rows) {
    assert.deepEqual(outcome(firstBytes(name), seen), expected, `${name}: ${seen.toString("latin1", 0, 60)}`);
  }
  const hello = Buffer.from(CURL_HELLO.toString("latin1").replace("curl.example", "xbad.example"), "latin1");
  const bad = Buffer.from(CURL_HELLO.toString("latin1").replace("curl.example", "bad.example."), "latin1");
  assert.equal(outcome(firstBytes("front.example"), hello), "pass");
  assert.deepEqual(outcome(firstBytes("front.example"), bad), listed("server name"));
});

test("rules and lists decide on a name that no exit looks up as on a public name, since the server may know it", () => {
  const ports = new ExitPolicy(parsePolicy([...DEFAULT_POLICY]));
  const hosts = new ExitPolicy(parsePolicy(["reject bad.example:*", "accept *:*"]));
  const only = new ExitPolicy(parsePolicy(["accept a.example:*", "reject *:*"]));
  const lan = new ExitPolicy(parsePolicy(["reject lan:*", "accept *:*"]));
  const target = { protocol: "tcp", addresses: [ADDRESS], port: 443 } as const;
  for (const name of ["t", "web", "localhost", "db.internal", "router.lan", "abc.local", "x.onion", "k51.alt"]) {
    for (const [seen, kind] of [
      [request(name), "host header"],
      [request(`${name}:8080`), "host header"],
      [helloFor(name), "server name"],
    ] as const) {
      for (const question of [target, { ...target, name: "a.example" }]) {
        assert.equal(outcome(new StreamFirstBytes(ports, question), seen), "pass", `${name}, rules about ports`);
        assert.equal(outcome(new StreamFirstBytes(hosts, question), seen), "pass", `${name}, rules about hosts`);
      }
      const refused = outcome(new StreamFirstBytes(only, { ...target, name: "a.example" }), seen);
      assert.deepEqual(refused, ["ERR_POLICY_TARGET", `rule 2, ${kind}`], name);
      if (!name.endsWith(".lan")) continue;
      const listed = outcome(new StreamFirstBytes(lan, target), seen);
      assert.deepEqual(listed, ["ERR_POLICY_TARGET", `rule 1, ${kind}`], name);
    }
  }
});

test("the policy is asked for the other name with all else as it was, and not for the target's own", () => {
  const policy = new FakePolicy();
  firstBytes("curl.example", policy).look(CURL_HELLO);
  firstBytes("curl.example", policy).look(request("CURL.example:1"));
  firstBytes("curl.example", policy).look(request(`${ADDRESS}:80`));
  assert.deepEqual(policy.asked, []);
  firstBytes("front.example", policy).look(CURL_HELLO);
  firstBytes("front.example", policy).look(request("8.0.0.0x1"));
  assert.deepEqual(policy.asked, [
    { protocol: "tcp", name: "curl.example", addresses: [ADDRESS], port: 443 },
    { protocol: "tcp", addresses: ["8.0.0.1"], port: 443 },
  ]);
});

test("an IPv4 address inside IPv6 is judged as IPv4", () => {
  const policy = new ExitPolicy(parsePolicy(["reject 198.18.0.0/15:*", "accept *:*"]));
  const look = (host: string): unknown =>
    outcome(
      new StreamFirstBytes(policy, { protocol: "tcp", name: "a.example", addresses: [ADDRESS], port: 80 }),
      request(host),
    );
  for (const host of ["198.18.0.1", "[::ffff:198.18.0.1]", "[::FFFF:c612:1]:80"])
    assert.deepEqual(look(host), ["ERR_POLICY_TARGET", "rule 1, host header"], host);
  for (const host of ["198.20.0.1", "[::ffff:198.20.0.1]", `[::ffff:${ADDRESS}]`])
    assert.equal(look(host), "pass", host);
});

test("without addresses to judge by it refuses", () => {
  const look = new StreamFirstBytes(new FakePolicy(), { protocol: "tcp", name: "a.example", port: 443 });
  assert.deepEqual(outcome(look, CURL_HELLO), ["ERR_POLICY_TARGET", "server name"]);
});

test("a private target, which the operator opened, may be called anything there", () => {
  const question = { protocol: "tcp", addresses: ["127.0.0.1"], port: 8443 } as const;
  const unclear = [Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), request("two hosts")];
  for (const seen of [CURL_HELLO, request("localhost:8443"), request("bad.example"), ...unclear]) {
    assert.equal(new StreamFirstBytes(new FakePolicy(), question).look(seen), "pass");
  }
  assert.throws(() => new StreamFirstBytes(new FakePolicy(), question).look(HANDSHAKE), {
    code: "ERR_POLICY_PROTOCOL",
  });
});

test("BitTorrent is refused unless the policy opens it", () => {
  const tracker = request("a.example", "/announce?info_hash=x&peer_id=y");
  for (const seen of [HANDSHAKE, tracker]) {
    assert.deepEqual(outcome(firstBytes("a.example"), seen), ["ERR_POLICY_PROTOCOL", "bittorrent"]);
    assert.match(String(outcome(firstBytes("a.example", new FakePolicy(true)), seen)), /^(pass|open)$/);
  }
  assert.equal(outcome(firstBytes(), HANDSHAKE.subarray(0, 19)), "more");
  assert.equal(outcome(firstBytes(undefined, new FakePolicy(true)), HANDSHAKE.subarray(0, 19)), "open");
});

test("cut anywhere, nothing is decided before what decides is there", () => {
  const samples: readonly (readonly [Buffer, unknown])[] = [
    [CURL_HELLO, "pass"],
    [CHROMIUM_HELLO, "pass"],
    [request("a.example"), "pass"],
    [request("bad.example"), LISTED],
    [HANDSHAKE.subarray(0, 20), ["ERR_POLICY_PROTOCOL", "bittorrent"]],
  ];
  for (const [bytes, expected] of samples) {
    const bytewise = firstBytes("a.example");
    for (let length = 1; length < bytes.length; length += 1) {
      const early = outcome(bytewise, bytes.subarray(0, length));
      const isRefusal = expected !== "pass" && length > bytes.length - 4;
      assert.ok(early === "more" || early === "open" || isRefusal, `${early} at ${length}`);
      if (isRefusal) break;
      const twice = firstBytes("a.example");
      outcome(twice, bytes.subarray(0, length));
      assert.deepEqual(outcome(twice, bytes), expected, `cut at ${length}`);
    }
    assert.deepEqual(outcome(firstBytes("a.example"), bytes), expected);
  }
});

test("what servers may read in several ways is refused where hosts matter to the policy, and only there", () => {
  const hello = recordsOf(messageOf(naming(partsOf(CURL_HELLO), nameList(nameEntry("bad.example:443")))));
  const twoNames = naming(partsOf(CURL_HELLO), nameList(nameEntry("x", 1), nameEntry("bad.example")));
  const rows: readonly (readonly [Buffer | string, string])[] = [
    ["GET  / HTTP/1.1\r\nHost: bad.example\r\n\r\n", "request line"],
    ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "request line"],
    ["GET / HTTP/1.1\r\nHost : bad.example\r\n\r\n", "header line"],
    [request("bad.example:x"), "host"],
    [request("a!b.bad.example"), "host header"],
    [request("b\xe4d.bad.example"), "host header"],
    [request(`${"a".repeat(64)}.bad.example`), "host header"],
    [request("a.example\r\nContent-Length: 1\r\nTransfer-Encoding: chunked"), "length of body"],
    [hello, "server name"],
    [recordsOf(messageOf(twoNames)), "TLS hello"],
    [Buffer.concat([Buffer.from("15030100020100", "hex"), CURL_HELLO]), "TLS hello"],
    [Buffer.concat([CURL_HELLO.subarray(0, 6), request("bad.example")]), "TLS hello"],
    [Buffer.concat([Buffer.from([0x16]), request("bad.example")]), "TLS hello"],
    [Buffer.concat([Buffer.from([0, 1, 0x7f]), request("bad.example")]), "request line"],
  ];
  for (const [bytes, what] of rows) {
    assert.deepEqual(verdicts(firstBytes("a.example"), bytes).at(-1), unclear(what), what);
    assert.deepEqual(verdicts(firstBytes("a.example", new FakePolicy(false, false)), bytes), ["pass", "end"], what);
  }
});

test("a request is one whatever its method, where hosts matter, and what begins so passes at once", () => {
  for (const method of ['G"T', "G/T", "GET:", "(", "{}", "\xe9", "G\0T", "\x81\x82{"]) {
    const text = `${method} / HTTP/1.1\r\nHost: bad.example\r\n\r\n`;
    const refused = unclear("request line");
    assert.deepEqual(verdicts(firstBytes("a.example"), text), [refused], method);
    const bytewise = verdicts(firstBytes("a.example"), ...[...text].slice(0, method.length + 13));
    assert.deepEqual(bytewise.slice(0, -1), Array(method.length + 12).fill("open"), method);
    assert.deepEqual(bytewise.at(-1), refused, method);
    assert.equal(verdicts(firstBytes("a.example", new FakePolicy(false, false)), text).at(-1), "end", method);
  }
  for (const line of [
    '{"x": "GET / HTTP/1.1"}',
    '"GET / HTTP/1.1"',
    "{} / HTTP/1.1 200",
    "{} HTTP/1.1",
    "{} / RTSP/1.0",
  ]) {
    assert.deepEqual(verdicts(firstBytes("a.example"), `${line}\r\n`), ["pass", "end"], line);
  }
});

test("a hello for the target that is a request to a server of any method is refused where hosts matter", () => {
  const hello = helloFor("a.example");
  hello.fill("A", 11, 43);
  assert.equal(hello[43], 32, "a session id of 32 bytes");
  hello.write("/ HTTP/1.1\r\nHost:bad.example\r\n\r\n", 44, "latin1");
  assert.deepEqual(verdicts(firstBytes("a.example"), hello), [unclear("TLS hello")]);
  const pieces = [...hello].map((byte) => Buffer.from([byte]));
  assert.deepEqual(verdicts(firstBytes("a.example"), ...pieces).at(-1), unclear("TLS hello"));
  assert.equal(verdicts(firstBytes("a.example", new FakePolicy(false, false)), hello).at(-1), "end");
});

test("a first line of 64 KiB is refused only where hosts matter and a server could read it", () => {
  const most = EGRESS_LIMITS.maxFirstBytes.value;
  const rows: readonly (readonly [string, unknown])[] = [
    [`GET /${"x".repeat(most)}`, ["ERR_POLICY_PROTOCOL", "long HTTP header"]],
    ["x".repeat(most), ["ERR_POLICY_PROTOCOL", "long HTTP header"]],
    [`x\r${"x".repeat(most)}`, "pass"],
    [`AMQ \0${"x".repeat(most)}`, "pass"],
    [`{"x": "${"x".repeat(most)}`, "pass"],
    [`a/${"x".repeat(most)}`, "pass"],
  ];
  for (const [text, expected] of rows) {
    assert.deepEqual(outcome(firstBytes(), Buffer.from(text)), expected);
    assert.equal(outcome(firstBytes(undefined, new FakePolicy(false, false)), Buffer.from(text)), "pass");
  }
});

test("a hello or header of 64 KiB is not waited for, and refused where hosts matter", () => {
  const most = EGRESS_LIMITS.maxFirstBytes.value;
  const long = Buffer.alloc(most, "x");
  long.write("GET / HTTP/1.1\r\nX: y");
  const look = firstBytes();
  assert.equal(outcome(look, long.subarray(0, most - 1)), "more");
  assert.deepEqual(outcome(look, long), ["ERR_POLICY_PROTOCOL", "long HTTP header"]);
  const hello = Buffer.from([0x16, 3, 1, 0x40, 0, 1, 1, 0, 0]);
  assert.deepEqual(outcome(firstBytes(), hello), ["ERR_POLICY_PROTOCOL", "long TLS hello"]);
  for (const seen of [long, hello]) {
    assert.equal(outcome(firstBytes(undefined, new FakePolicy(false, false)), seen), "pass");
  }
  assert.equal(outcome(firstBytes(), hello.subarray(0, 5)), "open");
  assert.equal(outcome(firstBytes(), CURL_HELLO.subarray(0, 6)), "more");
});

test("changed bytes give an answer or a typed refusal, and 64 KiB never wait", () => {
  const samples = [CURL_HELLO, NODE_HELLO, request("bad.example"), HANDSHAKE];
  fc.assert(
    fc.property(hostileBytes(samples), (bytes) => {
      onlyTypedErrors(() => firstBytes("a.example").look(Buffer.from(bytes)));
      const padded = Buffer.concat([
        bytes,
        Buffer.alloc(EGRESS_LIMITS.maxFirstBytes.value - bytes.length, bytes.at(-1)),
      ]);
      const verdict = outcome(firstBytes("a.example"), padded);
      assert.ok(verdict !== "more" && verdict !== "open");
    }),
  );
});

/** Carries what comes at a port of this machine to `to`, past a look of its own for each connection, as an exit does. */
async function pump(context: TestContext, to: number, look: () => StreamFirstBytes): Promise<number> {
  const budget = new ByteBudget({ clock: systemClock, logger: silentLogger });
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ port: to, host: "127.0.0.1", allowHalfOpen: true });
    void splice({ clock: systemClock, budget, firstBytes: look() }, near, far);
  });
  return listen(context, server);
}

async function listen(context: TestContext, server: ReturnType<typeof createServer>): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => server.close());
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return address.port;
}

test("in a stream: a real hello passes whole, a refused one reaches nobody, and who is greeted first waits for nothing", async (t) => {
  const received: Buffer[] = [];
  const target = await listen(
    t,
    createServer((socket: Socket) => {
      socket.on("error", () => {}).write("220 hello\r\n");
      socket.on("data", (chunk: Buffer) => received.push(chunk));
    }),
  );
  const port = await pump(t, target, () => firstBytes("front.example"));

  const greeted = connect(port, "127.0.0.1");
  const [greeting] = await once(greeted, "data");
  assert.equal(String(greeting), "220 hello\r\n");
  const closed = closeOf(greeted);
  greeted.end("EHLO a.example\r\n");
  await closed;
  assert.equal(Buffer.concat(received.splice(0)).toString(), "EHLO a.example\r\n");

  // What answers is no TLS, so the client ends it; the hello must have come through as it was.
  const tls = connectTls({ port, host: "127.0.0.1", servername: "other.example" });
  await once(tls, "error");
  const hello = Buffer.concat(received.splice(0));
  assert.equal(hello.readUInt16BE(3) + 5, hello.length);
  assert.ok(hello.includes("other.example"));

  const bad = connectTls({ port, host: "127.0.0.1", servername: "www.bad.example" });
  await once(bad, "error");
  const torrent = connect(port, "127.0.0.1");
  await once(torrent, "data");
  const ended = collect(torrent);
  torrent.write(HANDSHAKE);
  await assert.rejects(ended);
  assert.deepEqual(received, []);
});

test("a target that was reached as IPv6 that stands for IPv4 is no target that the operator opened", () => {
  const addresses = ["64:ff9b::101:101"];
  const look = new StreamFirstBytes(new FakePolicy(), { protocol: "tcp", name: "good.example", addresses, port: 80 });
  assert.deepEqual(outcome(look, request("www.bad.example")), ["ERR_POLICY_LISTED", "list drop, host header"]);
});
