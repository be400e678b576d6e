import assert from "node:assert/strict";
import { Resolver as PlatformResolver } from "node:dns/promises";
import { after, test } from "node:test";
import { startDnsServer } from "../../test/support/dns-server.ts";
import { systemClock } from "../core/clock.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { DnsResolver } from "./resolver.ts";

const never = new AbortController().signal;
const dns = await startDnsServer(
  [
    { name: "both.example", type: "A", data: "192.0.2.1", ttl: 60 },
    { name: "both.example", type: "A", data: "192.0.2.2", ttl: 30 },
    { name: "both.example", type: "AAAA", data: "2001:db8::1", ttl: 90 },
    { name: "alias.example", type: "CNAME", data: "both.example" },
    { name: "half.example", type: "A", data: "192.0.2.3" },
    { name: "long.example", type: "A", data: "192.0.2.4", ttl: 86_400 },
    { name: "zero.example", type: "A", data: "192.0.2.5", ttl: 0 },
    { name: "dangling.example", type: "CNAME", data: "gone.example" },
    ...Array.from({ length: 20 }, (_, i) => ({ name: `n${i}.example`, type: "A", data: "192.0.2.6" }) as const),
  ],
  { silent: ["silent.example", "half.example/AAAA"], failing: ["failing.example"] },
);
after(() => dns.stop());

function asked(name: string): number {
  return dns.queries.filter((query) => query === `${name}/A`).length;
}

test("gives the addresses of both families, through aliases", async () => {
  const resolver = new DnsResolver({ clock: systemClock }, { servers: [dns.address] });
  const both = ["192.0.2.1", "192.0.2.2", "2001:db8::1"];
  assert.deepEqual([...(await resolver.resolve("both.example", never))].sort(), both);
  assert.deepEqual([...(await resolver.resolve("alias.example", never))].sort(), both);
});

test("a name server's bad answers become typed errors", async () => {
  const resolver = new DnsResolver({ clock: systemClock }, { servers: [dns.address] });
  await assert.rejects(resolver.resolve("absent.example", never), {
    code: "ERR_TARGET_NAME",
    message: "absent.example does not exist",
  });
  await assert.rejects(resolver.resolve("dangling.example", never), { code: "ERR_TARGET_NAME" });
  await assert.rejects(resolver.resolve("failing.example", never), {
    code: "ERR_TARGET_NAME",
    data: { dns: "ESERVFAIL" },
    retry: "other-node",
  });
});

test("a silent name server becomes a time-out by the clock", async () => {
  const clock = new FakeClock();
  const resolver = new DnsResolver({ clock }, { servers: [dns.address] });
  const resolving = resolver.resolve("silent.example", never);
  clock.advance(5999);
  clock.advance(1);
  await assert.rejects(resolving, { code: "ERR_TARGET_NAME_TIMEOUT" });
  assert.equal(clock.pending, 0);
});

test("one family that is silent holds the other up for a moment only", async () => {
  // Once the timer of the second family's wait has been set, time may move on.
  class Watched extends FakeClock {
    readonly waiting = Promise.withResolvers<void>();
    override after(delayMs: number, run: () => void): ReturnType<FakeClock["after"]> {
      if (delayMs === 250) this.waiting.resolve();
      return super.after(delayMs, run);
    }
  }
  const clock = new Watched();
  const resolving = new DnsResolver({ clock }, { servers: [dns.address] }).resolve("half.example", never);
  await clock.waiting.promise;
  clock.advance(250);
  assert.deepEqual(await resolving, ["192.0.2.3"]);
  assert.equal(clock.pending, 0);
});

test("answers are kept for their shortest time to live, and five minutes at most", async () => {
  const clock = new FakeClock();
  const resolver = new DnsResolver({ clock }, { servers: [dns.address] });
  for (const [name, seconds] of [
    ["both.example", 30],
    ["long.example", 300],
  ] as const) {
    await resolver.resolve(name, never);
    const before = asked(name);
    clock.advance(seconds * 1000 - 1);
    await resolver.resolve(name, never);
    assert.equal(asked(name), before);
    clock.advance(1);
    await resolver.resolve(name, never);
    assert.equal(asked(name), before + 1);
  }
  const before = asked("zero.example");
  await resolver.resolve("zero.example", never);
  await resolver.resolve("zero.example", never);
  assert.equal(asked("zero.example"), before + 2);
});

test("the cache is bounded and the oldest answer goes first", async () => {
  const resolver = new DnsResolver({ clock: new FakeClock() }, { servers: [dns.address], maxCachedNames: 10 });
  for (let i = 0; i < 11; i++) await resolver.resolve(`n${i}.example`, never);
  const newest = asked("n10.example");
  const oldest = asked("n0.example");
  await resolver.resolve("n10.example", never);
  await resolver.resolve("n0.example", never);
  assert.deepEqual([asked("n10.example") - newest, asked("n0.example") - oldest], [0, 1]);
});

test("the cache is bounded by its addresses too, and an answer that replaces another counts once", async () => {
  const clock = new FakeClock();
  const resolver = new DnsResolver({ clock }, { servers: [dns.address], maxCachedAddresses: 4 });
  const isAsked = async (name: string): Promise<boolean> => {
    const before = asked(name);
    await resolver.resolve(name, never);
    return asked(name) > before;
  };
  await isAsked("both.example");
  clock.advance(30_000);
  assert.deepEqual([await isAsked("both.example"), await isAsked("n0.example")], [true, true]);
  assert.deepEqual([await isAsked("both.example"), await isAsked("n0.example")], [false, false]);
  await isAsked("n1.example");
  assert.deepEqual([await isAsked("n0.example"), await isAsked("n1.example")], [false, false]);
  assert.equal(await isAsked("both.example"), true);
});

test("those who ask for one name at one time share a look-up, and one that leaves does not end it", async () => {
  const clock = new FakeClock();
  const resolver = new DnsResolver({ clock }, { servers: [dns.address] });
  const leaver = new AbortController();
  const left = resolver.resolve("zero.example", leaver.signal);
  const stayed = [resolver.resolve("zero.example", never), resolver.resolve("zero.example", never)];
  const before = asked("zero.example");
  leaver.abort();
  await assert.rejects(left, { code: "ERR_ABORTED" });
  assert.deepEqual(await Promise.all(stayed), [["192.0.2.5"], ["192.0.2.5"]]);
  assert.equal(asked("zero.example"), before + 1);
});

test("the look-up ends with the last who asked for it, and with the resolver", async () => {
  const clock = new FakeClock();
  const resolver = new DnsResolver({ clock }, { servers: [dns.address] });
  const leaver = new AbortController();
  const left = resolver.resolve("silent.example", leaver.signal);
  assert.equal(clock.pending, 1);
  leaver.abort();
  await assert.rejects(left, { code: "ERR_ABORTED" });
  assert.equal(clock.pending, 0);

  const ended = resolver.resolve("silent.example", never);
  resolver.stop();
  resolver.stop();
  await assert.rejects(ended, { code: "ERR_STOPPED" });
  await assert.rejects(resolver.resolve("both.example", never), { code: "ERR_STOPPED" });
  assert.equal(clock.pending, 0);
});

test("a signal that is aborted already asks nothing", async () => {
  const resolver = new DnsResolver({ clock: new FakeClock() }, { servers: [dns.address] });
  await assert.rejects(resolver.resolve("n15.example", AbortSignal.abort()), { code: "ERR_ABORTED" });
  await resolver.resolve("n16.example", never);
  assert.equal(asked("n15.example"), 0);
});

test("the queries of look-ups that were given up are cancelled", async (t) => {
  const cancel = t.mock.method(PlatformResolver.prototype, "cancel");
  const leaver = new AbortController();
  const resolver = new DnsResolver({ clock: new FakeClock() }, { servers: [dns.address] });
  const left = resolver.resolve("silent.example", leaver.signal);
  assert.equal(cancel.mock.callCount(), 0);
  leaver.abort();
  await assert.rejects(left, { code: "ERR_ABORTED" });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(cancel.mock.callCount(), 1);
});

test("name servers that cannot be read are refused when the resolver is made", () => {
  for (const server of ["ns.example", "1.2.3.4:99999999", ""]) {
    assert.throws(() => new DnsResolver({ clock: new FakeClock() }, { servers: [server] }), {
      code: "ERR_CONFIG_VALUE",
    });
  }
});

test("localhost is answered without asking", async () => {
  const resolver = new DnsResolver({ clock: new FakeClock() }, { servers: [dns.address] });
  assert.deepEqual(await resolver.resolve("app.localhost", never), ["::1", "127.0.0.1"]);
  assert.equal(asked("app.localhost"), 0);
});
