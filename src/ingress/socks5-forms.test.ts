import assert from "node:assert/strict";
import { test } from "node:test";
import { startProxy, startTcpTarget } from "../../test/support/proxy-fixture.ts";
import { RawClient } from "../../test/support/raw-client.ts";
import { settled } from "../../test/support/settled.ts";
import { encodeSocks5Greeting, encodeSocks5Request } from "../wire/socks5-client.ts";

const GREETING = Buffer.from(encodeSocks5Greeting([0]));
const GRANTED = [5, 0];
const REPLY_BYTES = 10;

test("an app may say all byte by byte, or all at once with its first bytes", async () => {
  await using target = await startTcpTarget((socket) => socket.pipe(socket));
  await using fixture = await startProxy();
  const all = Buffer.concat([GREETING, encodeSocks5Request("connect", target.address), Buffer.from("hello")]);
  for (const size of [1, 2, 3, all.length]) {
    using client = await RawClient.connect(fixture.address);
    for (let at = 0; at < all.length; at += size) {
      client.send(all.subarray(at, at + size));
      await settled();
    }
    const heard = await client.hearBytes(GRANTED.length + REPLY_BYTES + 5);
    assert.deepEqual(heard.slice(0, 4), [...GRANTED, 5, 0], `in pieces of ${size}`);
    assert.equal(String.fromCharCode(...heard.slice(-5)), "hello");
  }
});

for (const [what, greeting, answer] of [
  ["no method at all", Buffer.of(5, 0), [5, 0xff]],
  ["GSSAPI alone", Buffer.of(5, 1, 1), [5, 0xff]],
  ["255 methods", Buffer.from([5, 255, ...Array.from({ length: 255 }, (_, n) => 254 - n)]), [5, 2]],
  ["GSSAPI before none", Buffer.of(5, 2, 1, 0), GRANTED],
] as const) {
  test(`a greeting with ${what} is answered ${answer.join(" ")}`, async () => {
    await using fixture = await startProxy();
    using client = await RawClient.connect(fixture.address);
    assert.deepEqual(await client.send(greeting).hearBytes(2), answer);
    if (answer[1] === 0xff) assert.equal(await client.over(), "end");
  });
}

for (const [what, request, reply] of [
  ["BIND", [5, 2, 0, 1, 192, 0, 2, 1, 0, 80], 7],
  ["Tor's RESOLVE", [5, 0xf0, 0, 3, 1, 97, 0, 80], 7],
  ["an address of no known type", [5, 1, 0, 9, 1, 2, 3, 4, 0, 80], 8],
  ["port 0", [5, 1, 0, 1, 192, 0, 2, 1, 0, 0], 8],
  ["a name with a space", [5, 1, 0, 3, 3, 97, 32, 98, 0, 80], 8],
  ["an empty name", [5, 1, 0, 3, 0, 0, 80], 8],
] as const) {
  test(`${what} is refused with reply ${reply}, and nothing is opened`, async () => {
    await using fixture = await startProxy();
    using client = await RawClient.connect(fixture.address);
    client.send(GREETING).send(Buffer.from(request));
    const [, , version, said] = await client.hearBytes(4);
    assert.deepEqual([version, said], [5, reply]);
    assert.deepEqual(fixture.opener.requests, []);
  });
}
