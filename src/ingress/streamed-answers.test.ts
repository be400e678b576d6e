import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { test } from "node:test";
import { closeOf } from "../../test/support/collect.ts";
import { inTime } from "../../test/support/in-time.ts";
import { startProxy, startTcpTarget, until } from "../../test/support/proxy-fixture.ts";
import { RawClient } from "../../test/support/raw-client.ts";

const HEAD = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

function chunk(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n`;
}

/** A proxy, and a target that the test speaks for; `ask` sends a request to it and settles when all of its head is there. */
async function bench() {
  const cleanup = new AsyncDisposableStack();
  const arrived: { socket: Socket; heard: string }[] = [];
  const target = cleanup.use(
    await startTcpTarget((socket) => {
      const connection = { socket, heard: "" };
      arrived.push(connection);
      socket.on("data", (bytes) => (connection.heard += bytes.toString("latin1")));
    }),
  );
  const fixture = cleanup.use(await startProxy());
  const ask = async (client: RawClient, method: string, fields = "", body = ""): Promise<Socket> => {
    const before = arrived.reduce((sum, { heard }) => sum + heard.split("\r\n\r\n").length - 1, 0);
    client.send(`${method} http://${target.authority}/ HTTP/1.1\r\nHost: ${target.authority}\r\n${fields}\r\n${body}`);
    await until(() => arrived.reduce((sum, { heard }) => sum + heard.split("\r\n\r\n").length - 1, 0) > before);
    const socket = arrived.at(-1)?.socket;
    assert.ok(socket !== undefined);
    return socket;
  };
  const connect = async (): Promise<RawClient> => cleanup.use(await RawClient.connect(fixture.address));
  const opened = (): number => fixture.opener.requests.length;
  return { ask, connect, opened, [Symbol.asyncDispose]: () => cleanup.disposeAsync() };
}

test("each event of a stream of events reaches the app before the next one is there", async () => {
  await using site = await bench();
  const client = await site.connect();
  const target = await site.ask(client, "GET");
  target.write(HEAD);
  await client.hear(/\r\n\r\n$/);
  for (let event = 1; event <= 20; event += 1) {
    target.write(chunk(`data: ${event}\n\n`));
    await client.hear(new RegExp(`data: ${event}\n\n\r\n$`));
  }
});

for (const [when, answer] of [
  ["before the answer", ""],
  ["in its head", "HTTP/1.1 200 OK\r\nX: "],
  ["in its body", `${HEAD}${chunk("data: 1\n\n")}`],
] as const) {
  test(`a target learns at once that the app has left ${when}`, async () => {
    await using site = await bench();
    const client = await site.connect();
    const target = await site.ask(client, "GET");
    target.write(answer);
    if (answer.endsWith("\n")) await client.hear(/data: 1/);
    const gone = closeOf(target);
    client.socket.resetAndDestroy();
    await inTime(gone, "the target is told");
  });
}

test("an answer that comes while the app still sends reaches it", async () => {
  await using site = await bench();
  const client = await site.connect();
  const target = await site.ask(client, "POST", "Content-Length: 8000000\r\n", "some of it");
  target.end("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno\n");
  assert.match(await client.hear(/no\n$/), /^HTTP\/1\.1 413 /);
});

test("many interim answers before the final one do no harm", async () => {
  await using site = await bench();
  const client = await site.connect();
  const target = await site.ask(client, "GET");
  target.write("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n".repeat(2_000));
  target.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  assert.match(await client.hear(/\r\n\r\nok$/), /HTTP\/1\.1 200 OK/);
});

test("bytes behind the answer to HEAD are no answer to the next request", async () => {
  await using site = await bench();
  const client = await site.connect();
  const first = await site.ask(client, "HEAD");
  first.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
  await client.hear(/\r\n\r\n$/);
  client.forget();
  const second = await site.ask(client, "GET");
  second.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood");
  assert.match(await client.hear(/\r\n\r\n[a-z]{4}$/), /good$/);
});

test("a request behind one whose answer closes the connection reaches no target", async () => {
  await using site = await bench();
  const client = await site.connect();
  const pipelined = "GET http://192.0.2.1/hidden HTTP/1.1\r\nHost: 192.0.2.1\r\n\r\n";
  const target = await site.ask(client, "PUT", "Expect: 100-continue\r\nContent-Length: 5\r\n", `hello${pipelined}`);
  target.write("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n");
  await client.over();
  assert.match(client.heard, /^HTTP\/1\.1 417 [\s\S]*\r\nConnection: close\r\n/i);
  assert.equal(site.opened(), 1);
});
