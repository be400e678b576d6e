import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { formatHostPort } from "../../src/core/network-address.ts";
import { type Network, startNetwork } from "../support/network.ts";
import { type Origin, type SeenByOrigin, startOrigin } from "../support/origin.ts";
import { curl, withoutPrograms } from "../support/run-program.ts";

interface Answered {
  readonly status: number;
  readonly headers: string;
  /** Where the target saw the request come from; "" where it did not. */
  readonly from: string;
  readonly body: string;
}

suite("sessions and rotation", { skip: withoutPrograms("curl") }, () => {
  const cleanup = new AsyncDisposableStack();
  let origin: Origin;
  let network: Network;

  before(async () => {
    origin = cleanup.use(await startOrigin());
    network = cleanup.use(await startNetwork({ targets: [origin.http], nodes: 12 }));
  });
  after(() => cleanup.disposeAsync());

  const ask = async (userName: string): Promise<Answered> => {
    const url = `http://${formatHostPort(origin.http)}/seen`;
    const { stdout } = await curl(["-x", network.proxyUrl("http", userName), "-i", url]);
    const at = stdout.indexOf("\r\n\r\n");
    const [headers, body] = [stdout.slice(0, at + 2), stdout.slice(at + 4)];
    const status = Number(/^HTTP\/1\.1 (\d+)/.exec(headers)?.[1]);
    const from = status === 200 ? (JSON.parse(body) as SeenByOrigin).sourceAddress : "";
    return { status, headers, from, body };
  };
  const stopNodeAt = async (address: string): Promise<void> => {
    await network.testnet.nodes.find((node) => node.address.host === address)?.stop();
  };

  for (const hops of [1, 3]) {
    test(`a session keeps its exit while requests without one leave elsewhere each time, ${hops} hops`, async () => {
      const kept = new Set<string>();
      const others: string[] = [];
      for (let n = 0; n < 12; n += 1) {
        kept.add((await ask(`session-keep${hops}-hops-${hops}`)).from);
        others.push((await ask(`hops-${hops}`)).from);
      }
      assert.equal(kept.size, 1);
      // Nobody waits for a second exit; once there is one, they take turns.
      const second = others.findIndex((from) => from !== others[0]);
      const takeTurns = others.every((from, n) => n <= second || from !== others[n - 1]);
      assert.ok(second > 0 && takeTurns, others.join(" "));
    });
  }

  test("sessions of two users and two names are independent", async () => {
    const exits = new Set<string>();
    for (let n = 0; n < 8; n += 1) {
      exits.add((await ask(`user-alice-session-s${n}`)).from);
      exits.add((await ask(`user-bob-session-s${n}`)).from);
    }
    assert.ok(exits.size > 2, [...exits].join(" "));
  });

  test("an explanation of a session names the exit that it has, before and after its first request", async () => {
    const { client } = network.testnet;
    for (const session of ["e1", "e2", "e3"]) {
      const foreseen = client.explain({ session }).hops.at(-1);
      const { route, stream } = await client.connect(origin.http, { session });
      stream.destroy();
      assert.deepEqual(foreseen, { peerId: route?.exit.peerId, rule: "session" });
      assert.deepEqual(client.explain({ session }).hops.at(-1), { peerId: route?.exit.peerId, rule: "given" });
    }
    assert.throws(() => client.explain({ strict: true }), { code: "ERR_PARAMETER_CONFLICT" });
    await assert.rejects(client.connect(origin.http, { preset: "private", hops: 1 }), {
      code: "ERR_PARAMETER_CONFLICT",
    });
  });

  test("an exit that goes moves a session once, told in a header; a strict one is refused, and stays so", async () => {
    const loose = await ask("country-jp-session-loose");
    // A strict session with the same exit.
    let strict = "";
    for (let n = 0; strict === ""; n += 1) {
      if ((await ask(`country-jp-session-strict${n}-strict`)).from === loose.from) strict = `strict${n}`;
    }
    await stopNodeAt(loose.from);
    const moved = await ask("country-jp-session-loose");
    assert.equal(moved.status, 200, moved.body);
    assert.notEqual(moved.from, loose.from);
    assert.match(moved.headers, /^byway-session-moved: k51[a-z0-9]+;reason=failed\r$/m);
    const again = await ask("country-jp-session-loose");
    assert.equal(again.from, moved.from);
    assert.doesNotMatch(again.headers, /byway-session-moved/);
    for (let n = 0; n < 2; n += 1) {
      const refused = await ask(`country-jp-session-${strict}-strict`);
      assert.equal(refused.status, 502, refused.body);
      assert.match(refused.body, /ERR_SESSION_EXIT/);
    }
    assert.equal((await ask("country-jp-session-another-strict")).from, moved.from);
  });

  test("an exit that goes is used no more by requests without a session", async () => {
    const before = new Set<string>();
    while (before.size < 2) before.add((await ask("country-br")).from);
    const [gone = ""] = before;
    await stopNodeAt(gone);
    for (let n = 0; n < 10; n += 1) {
      const { status, from, body } = await ask("country-br");
      assert.deepEqual([status, from === gone], [200, false], body);
    }
  });

  test("what was chosen is told to who asks for it", async () => {
    const url = `http://${formatHostPort(origin.http)}/seen`;
    const proxy = network.proxyUrl("http", "country-gb-session-told-hops-2");
    const { stdout } = await curl(["-x", proxy, "-H", "byway-debug: 1", "-i", url]);
    assert.match(stdout, /^byway-exit: k51\w+;country=gb;asn=\d+\r$/m);
    assert.match(stdout, /^byway-hops: k51\w+;.*, k51\w+;country=gb/m);
    assert.match(stdout, /^byway-request-id: \w+\r$/m);
    assert.match(stdout, /^byway-bytes: /m);
    assert.match(stdout, /^byway-cost: 0\r$/m);
  });
});
