import assert from "node:assert/strict";
import { test } from "node:test";
import { startProxy, startTcpTarget, type TargetFixture } from "../../test/support/proxy-fixture.ts";
import { RawClient } from "../../test/support/raw-client.ts";
import { HTTP1_LIMITS } from "../http1/limits.ts";
import { INGRESS_LIMITS } from "./limits.ts";

const OK = "HTTP/1.1 200 OK\r\n";
const SIZED = "Content-Length: 5\r\n\r\nhello";
const CHUNKED = "Transfer-Encoding: chunked\r\n";
const CHUNKS = "\r\n5\r\nhello\r\n0\r\n\r\n";

/** An answer that an odd server gives, what the app must see in it, and what it must not. */
interface OddAnswer {
  readonly answer: string;
  readonly has?: RegExp;
  readonly hasNot?: RegExp;
  /** What the server says behind it, once asked again; an answer whose end is in doubt is not followed by another. */
  readonly isFollowed?: boolean;
}

/** Answers that can be read in one way only, or are repaired as RFC 9112 asks or allows. The content is `hello`. */
const READABLE: Readonly<Record<string, OddAnswer>> = {
  "blanks before a colon": {
    answer: `${OK}X-A : 1\r\nX-B\t: 2\r\n${SIZED}`,
    has: /\r\nX-A: 1\r\nX-B: 2\r\n/,
    hasNot: /X-A :/,
  },
  "blanks before the colon of the length": { answer: `${OK}Content-Length : 5\r\n\r\nhello` },
  "a length and chunks": { answer: `${OK}Content-Length: 9\r\n${CHUNKED}${CHUNKS}`, hasNot: /content-length/i },
  "chunks and a length": { answer: `${OK}${CHUNKED}Content-Length: 3\r\n${CHUNKS}`, hasNot: /content-length/i },
  "a length that is none, and chunks": { answer: `${OK}Content-Length: x\r\n${CHUNKED}${CHUNKS}` },
  "the same length twice": { answer: `${OK}Content-Length: 5\r\n${SIZED}`, has: /\r\nContent-Length: 5\r\n/ },
  "a list of one length": { answer: `${OK}Content-Length: 5, 5\r\n\r\nhello`, has: /\r\nContent-Length: 5\r\n/ },
  "a blank in a name": { answer: `${OK}X Bad Key: 1\r\n${SIZED}`, has: /\r\nX Bad Key: 1\r\n/ },
  "a parenthesis in a name": { answer: `${OK}X(a): 1\r\n${SIZED}`, has: /\r\nX\(a\): 1\r\n/ },
  "a byte above ASCII in a name": { answer: `${OK}X-\xe9: 1\r\n${SIZED}`, has: /\r\nX-\xe9: 1\r\n/ },
  "a field without a name": { answer: `${OK}: 1\r\n${SIZED}`, hasNot: /\r\n: 1/ },
  "a control byte in a value": { answer: `${OK}X: a\x01b\r\n${SIZED}`, has: /\r\nX: a[^ -~]b\r\n/, isFollowed: true },
  "CR and NUL in a value": { answer: `${OK}X: a\rb\0c\r\n${SIZED}`, has: /\r\nX: a b c\r\n/ },
  "a folded field": { answer: `${OK}X: a\r\n \t b\r\n${SIZED}`, has: /\r\nX: a b\r\n/ },
  "a folded coding": { answer: `${OK}Transfer-Encoding:\r\n chunked\r\n${CHUNKS}` },
  "a line that begins with a blank behind the status line": {
    answer: `${OK} Content-Length: 9\r\n${SIZED}`,
    hasNot: /Content-Length: 9/,
  },
  "LF alone": { answer: "HTTP/1.1 200 OK\nContent-Length: 5\nX: 1\n\nhello", has: /\r\nX: 1\r\n/ },
  "LF alone in chunks": { answer: `${OK}${CHUNKED}\r\n5\nhello\n0\n\n` },
  "an identity coding": { answer: `${OK}Transfer-Encoding: identity\r\n${SIZED}` },
  "an identity coding and chunks": { answer: `${OK}Transfer-Encoding: identity, chunked\r\n${CHUNKS}` },
  "chunked in other letters": { answer: `${OK}Transfer-Encoding: Chunked\r\n${CHUNKS}`, isFollowed: true },
  "chunks in HTTP/1.0": { answer: `HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n${CHUNKED}${CHUNKS}` },
  "blanks behind a chunk's size": { answer: `${OK}${CHUNKED}\r\n0005 \t\r\nhello\r\n0\r\n\r\n` },
  "blanks before a chunk's extension": { answer: `${OK}${CHUNKED}\r\n5 ; a="b"\r\nhello\r\n0;x\r\n\r\n` },
  "a trailer that is none": { answer: `${OK}${CHUNKED}\r\n5\r\nhello\r\n0\r\njunk\r\n\r\n`, isFollowed: true },
  "no reason": { answer: `HTTP/1.1 200\r\n${SIZED}`, has: /^HTTP\/1\.1 200 \r\n/, isFollowed: true },
  "bytes above ASCII in the reason": {
    answer: `HTTP/1.1 200 Bi\xc3\xa9n\r\n${SIZED}`,
    has: /^HTTP\/1\.1 200 Bi\xc3\xa9n\r\n/,
    isFollowed: true,
  },
  "bytes above ASCII in values": {
    answer: `${OK}Location: /caf\xc3\xa9\r\nX: caf\xe9\r\n${SIZED}`,
    has: /\r\nLocation: \/caf\xc3\xa9\r\nX: caf\xe9\r\n/,
    isFollowed: true,
  },
  "a status that nobody knows": {
    answer: `HTTP/1.1 999 X\r\n${SIZED}`,
    has: /^HTTP\/1\.1 999 X\r\n/,
    isFollowed: true,
  },
  "an empty line before the status line": { answer: `\r\n${OK}${SIZED}` },
  "another minor version": { answer: `HTTP/1.7 200 OK\r\n${SIZED}`, isFollowed: true },
  "100 KiB of cookies": {
    answer: `${OK}${`Set-Cookie: a=${"x".repeat(4_080)}\r\n`.repeat(25)}${SIZED}`,
    has: /(?:\r\nSet-Cookie: a=x{4080}){25}\r\n/,
    isFollowed: true,
  },
  "5,000 fields": {
    answer: `${OK}${"X: 1\r\n".repeat(5_000)}${SIZED}`,
    has: /(?:\r\nX: 1){5000}\r\n/,
    isFollowed: true,
  },
  "more than the length": { answer: `${OK}${SIZED}+more`, hasNot: /more/ },
  "no length": { answer: `${OK}\r\nhello` },
  "an ordinary answer": { answer: `${OK}${SIZED}`, isFollowed: true },
};

/** Answers in which one reader finds another end, or other fields, than the next one, and what is no HTTP/1. */
const UNREADABLE: Readonly<Record<string, string>> = {
  "another protocol": "SSH-2.0-OpenSSH\r\n",
  "another protocol without a line": "\x16\x03\x01\x02",
  "HTTP/0.9": "hello",
  "HTTP/2": `HTTP/2 200 OK\r\n${SIZED}`,
  ICY: `ICY 200 OK\r\n${SIZED}`,
  "no status": `HTTP/1.1 OK\r\n${SIZED}`,
  "a status of four digits": `HTTP/1.1 2000 OK\r\n${SIZED}`,
  "a line without colon": `${OK}Server\r\n${SIZED}`,
  "two lengths": `${OK}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!`,
  "a list of two lengths": `${OK}Content-Length: 5, 6\r\n\r\nhello!`,
  "a length with a sign": `${OK}Content-Length: +5\r\n\r\nhello`,
  "a hexadecimal length": `${OK}Content-Length: 0x5\r\n\r\nhello`,
  "an endless length": `${OK}Content-Length: 99999999999999999999\r\n\r\nhello`,
  "a length whose name has a control byte": `${OK}Content-Length\x0b: 3\r\n${SIZED}`,
  "a coding whose name has a quote": `${OK}"Transfer-Encoding": chunked\r\n${SIZED}`,
  "CR in a name": `${OK}X\rContent-Length: 3\r\n${SIZED}`,
  "another coding": `${OK}Transfer-Encoding: gzip, chunked\r\n${CHUNKS}`,
  "a coding that looks like chunked": `${OK}Transfer-Encoding: \x0bchunked\r\n${CHUNKS}`,
  "chunked twice": `${OK}${CHUNKED}${CHUNKED}${CHUNKS}`,
};

/** A target that says `answer` to each request. */
function startOdd(answer: string): Promise<TargetFixture> {
  return startTcpTarget((socket) => {
    socket.on("data", () => {
      socket.write(Buffer.from(answer, "latin1"));
      // An answer that has no other end ends with its connection.
      if (answer === `${OK}\r\nhello`) socket.end();
    });
  });
}

test("what an odd server answers reaches the app, and in doubt its connection is not used again", {
  timeout: 60_000,
}, async (t) => {
  await using fixture = await startProxy();
  for (const [what, { answer, has, hasNot, isFollowed = false }] of Object.entries(READABLE)) {
    await t.test(what, async () => {
      await using target = await startOdd(answer);
      using client = await RawClient.connect(fixture.address);
      const before = fixture.opener.requests.length;
      const get = `GET http://${target.authority}/ HTTP/1.1\r\nHost: x\r\n\r\n`;
      const heard = await client.send(get).hear(/\r\n\r\n(?:hello$|5\r\nhello\r\n0\r\n\r\n$)/);
      assert.match(heard, /^HTTP\/1\.1 [0-9]{3} /);
      if (has !== undefined) assert.match(heard, has);
      if (hasNot !== undefined) assert.doesNotMatch(heard, hasNot);
      const [head = ""] = heard.split("\r\n\r\n");
      assert.equal(head.match(/\r\n(?:content-length|transfer-encoding):/gi)?.length, 1, head.slice(-300));
      await client.forget().send(get).hear(/hello/);
      assert.equal(fixture.opener.requests.length - before, isFollowed ? 1 : 2);
    });
  }
});

test("an answer that can be read in two ways, or is none, is 502 with the reason", { timeout: 60_000 }, async (t) => {
  await using fixture = await startProxy();
  for (const [what, answer] of Object.entries(UNREADABLE)) {
    await t.test(what, async () => {
      await using target = await startOdd(answer);
      using client = await RawClient.connect(fixture.address);
      const get = `GET http://${target.authority}/ HTTP/1.1\r\nHost: x\r\n\r\n`;
      const heard = await client.send(get).hear(/\}\n$/);
      assert.match(heard, /^HTTP\/1\.1 502 [\s\S]*"code":"ERR_TARGET_PROTOCOL","message":"the target's answer/);
    });
  }
});

test("the head of an answer has a bound, and the refusal says so", { timeout: 20_000 }, async () => {
  await using fixture = await startProxy();
  const most = HTTP1_LIMITS.maxAnswerHeadBytes.value;
  for (const endless of ["x".repeat(most), `${"y".repeat(100)}\r\nX: `.repeat(most / 100)]) {
    await using target = await startOdd(`${OK}X: ${endless}`);
    using client = await RawClient.connect(fixture.address);
    const get = `GET http://${target.authority}/ HTTP/1.1\r\nHost: x\r\n\r\n`;
    const heard = await client.send(get).hear(/\}\n$/);
    assert.match(heard, new RegExp(`^HTTP/1\\.1 502 [^]*the head of the target's answer exceeds ${most} bytes`));
    assert.match(heard, /or use SOCKS or CONNECT/);
  }
});

test("answers that are not the final one have a bound, also where the app hears none of them", {
  timeout: 20_000,
}, async () => {
  await using fixture = await startProxy();
  const most = INGRESS_LIMITS.maxInterimAnswers.value;
  const interim = "HTTP/1.1 100 \r\n\r\n";
  const long = `HTTP/1.1 100 \r\nX: ${"x".repeat(200_000)}\r\n\r\n`;
  for (const [interims, answer] of [
    [interim.repeat(most), /^HTTP\/1\.1 200 [\s\S]*hello$/],
    [long.repeat(20), /^HTTP\/1\.1 200 [\s\S]*hello$/],
    [
      long.repeat(21),
      /^HTTP\/1\.1 502 [\s\S]*"the target sent more than 4194304 bytes of interim answers"[\s\S]*\}\n$/,
    ],
    [
      interim.repeat(most + 1),
      /^HTTP\/1\.1 502 [\s\S]*"the target sent more than 10000 interim answers and no final one"[\s\S]*\}\n$/,
    ],
  ] as const) {
    await using target = await startOdd(`${interims}${OK}${SIZED}`);
    using client = await RawClient.connect(fixture.address);
    await client.send(`GET http://${target.authority}/ HTTP/1.1\r\nHost: x\r\n\r\n`).hear(answer);
  }
});

test("a body that goes wrong is cut, and never ends like a whole one", { timeout: 20_000 }, async (t) => {
  await using fixture = await startProxy();
  for (const [what, rest] of Object.entries({
    "a size that is none": "zz\r\n",
    "a blank before a size": " 5\r\nhello\r\n0\r\n\r\n",
    "an endless size": "fffffffffffffff\r\n",
    "a chunk longer than its size": "2\r\nhello\r\n0\r\n\r\n",
    "an endless extension": `5;${"x".repeat(HTTP1_LIMITS.maxChunkLineBytes.value)}`,
    "endless trailers": `0\r\n${"X: y\r\n".repeat(HTTP1_LIMITS.maxAnswerHeadBytes.value / 6 + 1)}`,
  })) {
    await t.test(what, async () => {
      await using target = await startOdd(`${OK}${CHUNKED}\r\n2\r\nok\r\n${rest}`);
      using client = await RawClient.connect(fixture.address);
      client.send(`GET http://${target.authority}/ HTTP/1.1\r\nHost: x\r\n\r\n`);
      assert.equal(await client.over(), "ECONNRESET");
      assert.doesNotMatch(client.heard, /\r\n0\r\n/);
    });
  }
});

test("no answer that has no body passes a length on", { timeout: 20_000 }, async () => {
  await using fixture = await startProxy();
  for (const [answer, end] of [
    ["HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", /^HTTP\/1\.1 204 [\s\S]*\r\n\r\n$/],
    [
      "HTTP/1.1 103 Early\r\nContent-Length: 5\r\nX: 1\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
      / 103 [\s\S]* 204 [\s\S]*\r\n\r\n$/,
    ],
    [
      "HTTP/1.1 101 Changed\r\nConnection: upgrade\r\nUpgrade: echo\r\nContent-Length: 0\r\n\r\n",
      / 101 [\s\S]*\r\n\r\n$/,
    ],
  ] as const) {
    await using target = await startOdd(answer);
    using client = await RawClient.connect(fixture.address);
    const upgrade = "Connection: upgrade\r\nUpgrade: echo\r\n";
    const heard = await client.send(`GET http://${target.authority}/ HTTP/1.1\r\nHost: x\r\n${upgrade}\r\n`).hear(end);
    assert.doesNotMatch(heard, /content-length/i);
  }
});
