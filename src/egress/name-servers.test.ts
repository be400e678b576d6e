import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import { startDnsServer } from "../../test/support/dns-server.ts";
import { settled } from "../../test/support/settled.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { EGRESS_LIMITS } from "./limits.ts";
import { NameServers } from "./name-servers.ts";
import { DnsResolver } from "./resolver.ts";

const { nextServerMs, nameServerRestMs, signOfLifeMs } = EGRESS_LIMITS;
const never = new AbortController().signal;
const names = Array.from({ length: 12 }, (_, n) => `n${n}.example`);
const records = names.map((name) => ({ name, type: "A", data: "192.0.2.1" }) as const);
const silent = [...names, "."];
const first = await startDnsServer(records, { silent }, { host: "127.53.0.2", port: 0 });
const second = await startDnsServer(records, { failing: ["n11.example"] }, { host: "127.53.0.3", port: 0 });
after(() => Promise.all([first.stop(), second.stop()]));

const dead = async (): Promise<boolean> => false;

/** A clock that tells when the time is set at which the next server is asked. */
class Watched extends FakeClock {
  waits = 0;
  override after(delayMs: number, run: () => void): ReturnType<FakeClock["after"]> {
    if (delayMs === nextServerMs.value) this.waits += 1;
    return super.after(delayMs, run);
  }
}

suite("a name server that says nothing", () => {
  test("has the next one asked beside it after 300 ms, goes last after two names, and first again when it is back", async () => {
    const clock = new Watched();
    const servers = [first.address, second.address];
    const resolver = new DnsResolver({ clock }, { servers });
    for (const name of ["n0.example", "n1.example"]) {
      const resolving = resolver.resolve(name, never);
      assert.ok(!second.queries.includes(`${name}/A`));
      clock.advance(nextServerMs.value);
      assert.deepEqual(await resolving, ["192.0.2.1"]);
    }
    assert.deepEqual(resolver.servers, servers);
    clock.advance(signOfLifeMs.value);
    await settled();
    assert.deepEqual(resolver.servers, servers.toReversed());
    // Time stands still: nobody else can have answered.
    assert.deepEqual(await resolver.resolve("n2.example", never), ["192.0.2.1"]);
    assert.ok(!first.queries.includes("n2.example/A"));

    clock.advance(nameServerRestMs.value - 1);
    assert.deepEqual(resolver.servers, servers.toReversed());
    clock.advance(1);
    assert.deepEqual(resolver.servers, servers);
    const resolving = resolver.resolve("n3.example", never);
    clock.advance(nextServerMs.value);
    await resolving;
    clock.advance(signOfLifeMs.value);
    await settled();
    assert.deepEqual(resolver.servers, servers.toReversed(), "one more silence is enough");

    silent.splice(0);
    clock.advance(nameServerRestMs.value);
    assert.deepEqual(await resolver.resolve("n4.example", never), ["192.0.2.1"]);
    assert.ok(!second.queries.includes("n4.example/A"));
    assert.deepEqual(resolver.servers, servers);
    assert.equal(clock.pending, 0);
  });
});

suite("name servers", () => {
  test("one that refuses connections goes last at once, and the next one is asked without a wait", async () => {
    const clock = new Watched();
    const gone = await startDnsServer([], {}, { host: "127.53.0.4", port: 0 });
    await gone.stop();
    const resolver = new DnsResolver({ clock }, { servers: [gone.address, second.address] });
    assert.deepEqual(await resolver.resolve("n5.example", never), ["192.0.2.1"]);
    assert.deepEqual(resolver.servers, [second.address, gone.address]);
  });

  test("one that cannot find out about a name has the next one asked, and keeps its place", async () => {
    const clock = new Watched();
    const resolver = new DnsResolver({ clock }, { servers: [second.address, first.address] });
    silent.splice(0);
    assert.deepEqual(await resolver.resolve("n11.example", never), ["192.0.2.1"]);
    assert.deepEqual(resolver.servers, [second.address, first.address]);
  });

  test("one that knows that there is no such name decides", async () => {
    const clock = new Watched();
    const resolver = new DnsResolver({ clock }, { servers: [second.address, first.address] });
    await assert.rejects(resolver.resolve("none.example", never), { message: "none.example does not exist" });
    assert.ok(!first.queries.includes("none.example/A"));
    assert.equal(clock.pending, 0);
  });

  test("of a network that is down, none goes last, and all have been asked", async () => {
    const clock = new Watched();
    silent.push("n6.example");
    const other = await startDnsServer([], { silent: ["n6.example"] }, { host: "127.53.0.5", port: 0 });
    const resolver = new DnsResolver({ clock }, { servers: [first.address, other.address] });
    const resolving = resolver.resolve("n6.example", never);
    clock.advance(EGRESS_LIMITS.lookupTimeoutMs.value);
    await assert.rejects(resolving, { code: "ERR_TARGET_NAME_TIMEOUT" });
    assert.deepEqual(resolver.servers, [first.address, other.address]);
    assert.equal(clock.pending, 0);
    await other.stop();
  });

  test("that all failed are asked in the order in which their rest ends, and an answer ends it", () => {
    const clock = new FakeClock();
    const servers = new NameServers({ clock, signOfLife: dead }, ["1.1.1.1", "2.2.2.2", "3.3.3.3"]);
    for (const server of ["2.2.2.2", "1.1.1.1", "3.3.3.3"]) {
      servers.noteFailure(server);
      clock.advance(1);
    }
    assert.deepEqual(servers.inOrder(), ["2.2.2.2", "1.1.1.1", "3.3.3.3"]);
    servers.noteAnswer("3.3.3.3");
    assert.deepEqual(servers.inOrder(), ["3.3.3.3", "2.2.2.2", "1.1.1.1"]);
  });

  test("one silence between answers is a slow name", () => {
    const servers = new NameServers({ clock: new FakeClock(), signOfLife: dead }, ["1.1.1.1", "2.2.2.2"]);
    for (let n = 0; n < 5; n += 1) {
      servers.noteSilence("1.1.1.1");
      assert.deepEqual(servers.inOrder(), ["1.1.1.1", "2.2.2.2"]);
      servers.noteAnswer("1.1.1.1");
    }
  });

  test("one keeps its place whatever names the owners of names have it leave out or refuse, as long as it knows the root", async () => {
    const clock = new Watched();
    const alive = await startDnsServer(
      [],
      { silent: ["n7.example", "n8.example"], refused: ["n9.example"] },
      { host: "127.53.0.6", port: 0 },
    );
    const servers = [alive.address, second.address];
    const resolver = new DnsResolver({ clock }, { servers });
    for (const name of ["n7.example", "n8.example"]) {
      const resolving = resolver.resolve(name, never);
      clock.advance(nextServerMs.value);
      assert.deepEqual(await resolving, ["192.0.2.1"]);
    }
    await alive.asked("./NS", 1);
    await settled();
    assert.deepEqual(await resolver.resolve("n9.example", never), ["192.0.2.1"]);
    await alive.asked("./NS", 2);
    await settled();
    assert.deepEqual(resolver.servers, servers);
    assert.equal(clock.pending, 0);
    await alive.stop();
  });

  test("one that refuses the root too goes last", async () => {
    const refusing = await startDnsServer([], { refused: ["n10.example", "."] }, { host: "127.53.0.7", port: 0 });
    const resolver = new DnsResolver({ clock: new Watched() }, { servers: [refusing.address, second.address] });
    assert.deepEqual(await resolver.resolve("n10.example", never), ["192.0.2.1"]);
    await refusing.asked("./NS", 1);
    await settled();
    assert.deepEqual(resolver.servers, [second.address, refusing.address]);
    await refusing.stop();
  });

  test("a suspect is asked once at a time, and an answer meanwhile says more", async () => {
    const signs: ((isAlive: boolean) => void)[] = [];
    const signOfLife = (): Promise<boolean> => new Promise((resolve) => void signs.push(resolve));
    const servers = new NameServers({ clock: new FakeClock(), signOfLife }, ["1.1.1.1", "2.2.2.2"]);
    for (let n = 0; n < 50; n += 1) {
      servers.noteSilence("1.1.1.1");
      servers.noteRefusal("1.1.1.1");
    }
    assert.equal(signs.length, 1);
    servers.noteAnswer("1.1.1.1");
    signs[0]?.(false);
    await settled();
    assert.deepEqual(servers.inOrder(), ["1.1.1.1", "2.2.2.2"]);
  });

  test("a stop ends the asking", async () => {
    const clock = new Watched();
    const mute = await startDnsServer([], { refused: ["n0.example"], silent: ["."] }, { host: "127.53.0.8", port: 0 });
    const resolver = new DnsResolver({ clock }, { servers: [mute.address, second.address] });
    await resolver.resolve("n0.example", never);
    await mute.asked("./NS", 1);
    resolver.stop();
    await settled();
    assert.equal(clock.pending, 0);
    await mute.stop();
  });
});
