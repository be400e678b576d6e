import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { test } from "node:test";
import { BywayError } from "../../src/core/errors.ts";
import { formatHostPort } from "../../src/core/network-address.ts";
import { type Random, seededRandom } from "../../src/core/random.ts";
import { inTime } from "../support/in-time.ts";
import { below, mutatedBytes, oneOf } from "../support/mutated-bytes.ts";
import { startProxy, startTcpTarget, until } from "../support/proxy-fixture.ts";
import { RawClient } from "../support/raw-client.ts";
import { strictRequests } from "../support/strict-requests.ts";

/*
 * Requests that two parsers might read in two ways, made by chance, through the local proxy to a target that is strict. A
 * request that the strictest server would refuse, or one more than the app was answered, is a hole.
 */
const CASES = 4_000;

const CODINGS = [
  ...[
    "Transfer-Encoding: chunked",
    "Transfer-Encoding: chunked",
    "transfer-encoding:chunked",
    "Transfer-Encoding : chunked",
  ],
  ...["Transfer-Encoding: xchunked", "Transfer-Encoding: chunked, identity", "Transfer-Encoding:\x0bchunked"],
  ...["Transfer-Encoding: gzip, chunked", "Transfer-Encoding:\r\n chunked", " Transfer-Encoding: chunked"],
  ...["Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", "Transfer\0-Encoding: chunked", "TE: chunked"],
  ...["X: y\nTransfer-Encoding: chunked", "X: y\rTransfer-Encoding: chunked", "Transfer_Encoding: chunked"],
];
const LENGTHS = [
  "5",
  "5",
  "0",
  "+5",
  "-5",
  "0x5",
  "5, 5",
  "05",
  "5 ",
  "6",
  "1e1",
  "",
  "5\r\nContent-Length: 5",
  "5\r\nContent-Length: 40",
];
const OTHERS = [
  "X: y",
  "Connection: close",
  "Connection: Transfer-Encoding",
  "Connection: Content-Length, Host",
  "Expect: 100-continue",
  "Upgrade: h2c",
  "Host: other",
  "Keep-Alive: 1",
];
const LINE_ENDS = ["\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\n", "\r", "\r\r\n"];

function requestOf(authority: string, random: Random): string {
  const end = oneOf(random, LINE_ENDS);
  const hidden = `GET http://${authority}/hidden HTTP/1.1\r\nHost: ${authority}\r\n\r\n`;
  const bodies = [
    "hello",
    "0\r\n\r\n",
    "5\r\nhello\r\n0\r\n\r\n",
    `0\r\n\r\n${hidden}`,
    `5;x\r\nhello\r\n0\r\nA: b\r\n\r\n`,
    hidden,
    "5\nhello\n0\n\n",
    "",
  ];
  const fields = [`Host: ${authority}`];
  if (random.float() < 0.5) fields.push(`Content-Length: ${oneOf(random, LENGTHS)}`);
  if (random.float() < 0.5) fields.push(oneOf(random, CODINGS));
  if (random.float() < 0.5) fields.splice(below(random, fields.length + 1), 0, oneOf(random, OTHERS));
  const method = oneOf(random, ["GET", "POST", "POST", "PUT", "HEAD", "OPTIONS", "TRACE"]);
  const version = oneOf(random, ["1.1", "1.1", "1.1", "1.1", "1.0", "1.2"]);
  const head = [`${method} http://${authority}/ HTTP/${version}`, ...fields].join(end);
  return `${head}${end}${end}${oneOf(random, bodies)}`;
}

test(`${CASES} odd requests bring no target one that can be read in two ways`, { timeout: 900_000 }, async (t) => {
  const seed = randomInt(2 ** 31);
  t.diagnostic(`seed ${seed}`);
  const random = seededRandom(seed);
  let connections: { heard: string; ended: "open" | "end" | "reset"; answered: number }[] = [];
  await using target = await startTcpTarget((socket) => {
    const connection: (typeof connections)[number] = { heard: "", ended: "open", answered: 0 };
    connections.push(connection);
    socket.on("data", (chunk) => {
      connection.heard += chunk.toString("latin1");
      const requests = strictRequests(connection.heard);
      for (; typeof requests === "number" && connection.answered < requests; connection.answered += 1)
        socket.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    });
    socket.on("end", () => {
      if (connection.ended === "open") connection.ended = "end";
      socket.end();
    });
    socket.on("error", () => {
      connection.ended = "reset";
    });
    socket.on("close", () => {
      if (connection.ended === "open") connection.ended = "reset";
    });
  });
  await using fixture = await startProxy();
  fixture.opener.before = async (request) => {
    if (formatHostPort(request.target) !== target.authority)
      throw new BywayError("ERR_TARGET_UNREACHABLE", "elsewhere");
  };
  const counts = { passed: 0, refused: 0 };
  for (let turn = 0; turn < CASES; turn += 1) {
    connections = [];
    let text = Buffer.from(
      requestOf(target.authority, random) + (random.float() < 0.3 ? requestOf(target.authority, random) : ""),
      "latin1",
    );
    if (random.float() < 0.4) text = Buffer.from(mutatedBytes(random, [text], 20_000));
    const shown = JSON.stringify(text.toString("latin1").slice(0, 2_000));
    using client = await RawClient.connect(fixture.address);
    client.socket.end(text);
    await inTime(client.over(), () => `an end after ${shown}`);
    await until(() => fixture.proxy.connections === 0 && connections.every(({ ended }) => ended !== "open"));
    const answers = client.heard.match(/HTTP\/1\.1 200 /g)?.length ?? 0;
    let arrived = 0;
    for (const { heard, ended, answered } of connections) {
      const requests = strictRequests(heard);
      assert.notEqual(requests, "malformed", `${JSON.stringify(heard.slice(0, 2_000))} arrived of ${shown}`);
      // What is cut must not look as if it were whole.
      if (requests === "more") assert.equal(ended, "reset", `a part was ended well: ${shown}`);
      arrived += answered;
    }
    assert.ok(arrived <= answers, `${arrived} requests arrived and ${answers} were answered: ${shown}`);
    if (answers > 0) counts.passed += 1;
    else counts.refused += 1;
  }
  t.diagnostic(`${counts.passed} were answered by the target, ${counts.refused} were not`);
  assert.ok(counts.passed > CASES / 20 && counts.refused > CASES / 20);
});
