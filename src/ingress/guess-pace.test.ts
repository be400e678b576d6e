import assert from "node:assert/strict";
import { test } from "node:test";
import { startProxy, until } from "../../test/support/proxy-fixture.ts";
import { RawClient } from "../../test/support/raw-client.ts";
import { settled } from "../../test/support/settled.ts";
import { BywayError } from "../core/errors.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { GuessPace } from "./guess-pace.ts";
import { INGRESS_LIMITS } from "./limits.ts";

const BURST = INGRESS_LIMITS.wrongPasswordBurst.value;
const WAIT_MS = INGRESS_LIMITS.guessWaitMs.value;
const { signal } = new AbortController();
const wrong = (): never => {
  throw new BywayError("ERR_CREDENTIALS", "wrong");
};

async function guess(pace: GuessPace, remoteAddress: string, count: number): Promise<void> {
  const connection = { remoteAddress };
  for (let n = 0; n < count; n += 1)
    await assert.rejects(pace.check(connection, signal, wrong), { code: "ERR_CREDENTIALS" });
}

/** Whether a password of a new connection from there is looked at without time passing. */
async function isAtOnce(pace: GuessPace, remoteAddress: string, check: () => unknown = () => "in"): Promise<boolean> {
  let done = false;
  const settle = (): void => {
    done = true;
  };
  pace.check({ remoteAddress }, signal, check).then(settle, settle);
  await settled();
  return done;
}

test("after a burst every password of that address waits, right ones as long as wrong ones, and none for ever", async () => {
  const clock = new FakeClock();
  const pace = new GuessPace({ clock });
  await guess(pace, "192.0.2.1", BURST);
  assert.deepEqual([await isAtOnce(pace, "192.0.2.1"), await isAtOnce(pace, "192.0.2.1", wrong)], [false, false]);
  assert.ok(await isAtOnce(pace, "192.0.2.2"), "another address");
  for (let n = 0; n < 100; n += 1) pace.check({ remoteAddress: "192.0.2.1" }, signal, wrong).catch(() => {});
  clock.advance(WAIT_MS);
  await settled();
  const honest = pace.check({ remoteAddress: "192.0.2.1" }, signal, () => "in");
  clock.advance(WAIT_MS);
  assert.equal(await honest, "in");
  assert.equal(clock.pending, 0);
});

test("the addresses of one IPv6 /64 are one", async () => {
  const pace = new GuessPace({ clock: new FakeClock() });
  for (let n = 0; n < BURST; n += 1) await guess(pace, `2001:db8::${n.toString(16)}`, 1);
  assert.deepEqual([await isAtOnce(pace, "2001:db8::ffff"), await isAtOnce(pace, "2001:db8:0:1::1")], [false, true]);
});

test("a connection that showed a right password goes on at once, until it shows a wrong one", async () => {
  const pace = new GuessPace({ clock: new FakeClock() });
  const connection = { remoteAddress: "127.0.0.1" };
  await pace.check(connection, signal, () => "in");
  await guess(pace, "127.0.0.1", BURST);
  assert.equal(await pace.check(connection, signal, () => "in"), "in");
  await assert.rejects(pace.check(connection, signal, wrong), { code: "ERR_CREDENTIALS" });
  const refused: unknown[] = [];
  pace.check(connection, signal, wrong).catch((error: unknown) => refused.push(error));
  await settled();
  assert.deepEqual(refused, []);
});

test("what is wrong besides the password counts for nothing, and whoever hangs up waits no longer", async () => {
  const clock = new FakeClock();
  const pace = new GuessPace({ clock });
  for (let n = 0; n < 2 * BURST; n += 1)
    await assert.rejects(
      pace.check({ remoteAddress: "192.0.2.1" }, signal, () => {
        throw new BywayError("ERR_PARAMETER_VALUE", "no such country");
      }),
    );
  assert.ok(await isAtOnce(pace, "192.0.2.1"));
  await guess(pace, "192.0.2.1", BURST);
  const gone = new AbortController();
  const waiting = pace.check({ remoteAddress: "192.0.2.1" }, gone.signal, wrong);
  gone.abort(new BywayError("ERR_ABORTED", "hung up"));
  await assert.rejects(waiting, { code: "ERR_ABORTED" });
  assert.equal(clock.pending, 0);
});

test("it is forgiven in time, and no more addresses are remembered than may be", async () => {
  const clock = new FakeClock();
  const pace = new GuessPace({ clock });
  await guess(pace, "192.0.2.1", BURST);
  clock.advance(1_000 / INGRESS_LIMITS.wrongPasswordsPerSecond.value);
  assert.ok(await isAtOnce(pace, "192.0.2.1"));
  const most = INGRESS_LIMITS.guessingAddresses.value;
  for (let n = 0; n < most + 10; n += 1) await guess(pace, `10.0.${n >> 8}.${n & 255}`, 1);
  assert.equal(pace.size, most);
});

const ending = (text: string): RegExp => new RegExp(`${text}$`);
const basic = (text: string): string => Buffer.from(text).toString("base64");

for (const [name, message] of [
  ["plain http", "GET http://a.example/ HTTP/1.1\r\nHost: a\r\n"],
  ["CONNECT", "CONNECT a.example:443 HTTP/1.1\r\nHost: a\r\n"],
  ["SOCKS5", undefined],
  ["SOCKS4", "\x04\x01\x00\x50\xc0\x00\x02\x01alice\x00"],
] as const)
  test(`wrong passwords come to a stop, and a right one comes through: ${name}`, { timeout: 20_000 }, async () => {
    await using fixture = await startProxy({ users: [{ name: "alice", password: "pw" }] });
    const send = async (password: string): Promise<RawClient> => {
      const client = await RawClient.connect(fixture.address);
      if (name === "SOCKS4") return client.send(message ?? "");
      if (message !== undefined)
        return client.send(`${message}Proxy-Authorization: Basic ${basic(`alice:${password}`)}\r\n\r\n`);
      return client.send(`\x05\x01\x02\x01\x05alice${String.fromCharCode(password.length)}${password}`);
    };
    const refused = name === "SOCKS5" ? ending("\x01\x01") : name === "SOCKS4" ? /\x5d/ : /^HTTP\/1\.1 407/;
    for (let n = 0; n < BURST; n += 1) {
      using client = await send("no");
      await client.hear(refused);
    }
    using late = await send("no");
    using right = await send("pw");
    await until(() => fixture.clock.pending >= 2);
    await settled();
    assert.doesNotMatch(late.heard, refused);
    // One who sends no password hears at once that one is needed.
    using bare = await RawClient.connect(fixture.address);
    await bare.send("GET http://a.example/ HTTP/1.1\r\nHost: a\r\n\r\n").hear(/^HTTP\/1\.1 407/);
    fixture.clock.advance(WAIT_MS);
    await late.hear(refused);
    if (name === "SOCKS5") await right.hear(ending("\x01\x00"));
    else if (name !== "SOCKS4") await right.hear(/^HTTP\/1\.1 (?!407)/);
  });

test("many guesses on one connection come to a stop", { timeout: 20_000 }, async () => {
  await using fixture = await startProxy({ users: [{ name: "alice", password: "pw" }] });
  using client = await RawClient.connect(fixture.address);
  for (let n = 0; n < 2 * BURST; n += 1)
    client.send(
      `GET http://a.example/ HTTP/1.1\r\nHost: a\r\nProxy-Authorization: Basic ${basic(`alice:${n}`)}\r\n\r\n`,
    );
  const count = (): number => [...client.heard.matchAll(/HTTP\/1\.1 407/g)].length;
  await until(() => count() >= BURST);
  using other = await RawClient.connect(fixture.address);
  await other.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").hear(/HTTP\/1\.1/);
  await settled();
  assert.equal(count(), BURST);
});
