import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { advertisedNode } from "../../test/support/advertised-node.ts";
import { DirectoryHub, type HubPeer } from "../../test/support/directory-hub.ts";
import { settled } from "../../test/support/settled.ts";
import { withAbort } from "../core/abort.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { generateIdentity } from "../identity/identity.ts";
import { LIVENESS_LIMITS } from "../liveness/limits.ts";
import { PEERS_LIMITS } from "../peers/limits.ts";
import { decodeDirectoryRequest, encodeDirectoryRequest } from "../wire/directory-message.ts";
import type { PeerQuery } from "../wire/peer-query.ts";
import { freshTopic } from "./gossip-share.ts";
import { indexKey } from "./index-key.ts";
import { DISCOVERY_LIMITS } from "./limits.ts";

const never = new AbortController().signal;
const EXIT: PeerQuery = { roles: ["exit"] };

function setUp(context: TestContext): { clock: FakeClock; hub: DirectoryHub } {
  const clock = new FakeClock();
  return { clock, hub: new DirectoryHub(context, clock) };
}

const idOf = ({ node }: HubPeer): string => node?.advertisement.peer ?? "";

function ids(peer: HubPeer, query: PeerQuery = {}): readonly string[] {
  return peer.directory
    .candidates(query)
    .map(({ advertisement }) => advertisement.peer)
    .sort();
}

test("nodes that were given one address are found by a client that was given the same", async (t) => {
  const { hub } = setUp(t);
  const first = await hub.node();
  const nodes = [first, await hub.node([first]), await hub.node([first])];
  await settled();
  const client = await hub.client([first]);
  await client.directory.find(EXIT, 1, never);
  await settled();
  assert.deepEqual(ids(client), nodes.map(idOf).sort());
});

test("the one that all joined through may go: a new node joins through another, and is found", async (t) => {
  const { hub } = setUp(t);
  const first = await hub.node();
  const second = await hub.node([first]);
  const client = await hub.client([first, second]);
  await settled();
  await first.directory.stop();
  const late = await hub.node([second], { country: "br" });
  await settled();
  await client.directory.find({ ...EXIT, countries: ["br"] }, 1, never);
  assert.ok(ids(client, { countries: ["br"] }).includes(idOf(late)));
});

test("a node of a country that no connected peer knows is found by the index", async (t) => {
  const { hub } = setUp(t);
  const first = await hub.node();
  const client = await hub.client([first]);
  await settled();
  const hidden = await hub.node([], { country: "jp" });
  hub.hub.index.set(Buffer.from(indexKey("jp", "")).toString("hex"), new Set([hidden.overlay.peerId]));
  await client.directory.find({ ...EXIT, countries: ["jp"] }, 1, never);
  assert.ok(ids(client, { countries: ["jp"] }).includes(idOf(hidden)));
});

test("a node that is asked for by name is found by its record", async (t) => {
  const { hub } = setUp(t);
  const first = await hub.node();
  const client = await hub.client([first]);
  await settled();
  const named = await hub.node();
  hub.hub.records.set(named.overlay.peerId, named.node?.envelope ?? new Uint8Array());
  await client.directory.find({ ...EXIT, peers: [idOf(named)] }, 1, never);
  assert.ok(ids(client, { peers: [idOf(named)] }).includes(idOf(named)));
});

test("what nobody has is told as soon as all were asked, without waiting", async (t) => {
  const { hub } = setUp(t);
  const first = await hub.node();
  const client = await hub.client([first]);
  await client.directory.find({ ...EXIT, countries: ["fr"] }, 1, never);
  assert.deepEqual(client.book.find({ countries: ["fr"] }, 10, "random"), []);
});

test("with nobody to be reached a search says so; one that is taken back ends", async (t) => {
  const { hub } = setUp(t);
  const gone = await hub.node();
  await gone.directory.stop();
  const client = await hub.client([gone]);
  await assert.rejects(client.directory.find(EXIT, 1, never), { code: "ERR_NETWORK_UNREACHABLE" });
  await assert.rejects(client.directory.find(EXIT, 1, AbortSignal.abort()), { code: "ERR_ABORTED" });
});

test("nodes that do not answer are not candidates as long as others do", async (t) => {
  const { clock, hub } = setUp(t);
  const first = await hub.node();
  const dead = await hub.node([first]);
  await settled();
  const client = await hub.client([first], (peer) => peer !== idOf(dead));
  await client.directory.find(EXIT, 1, never);
  await settled();
  assert.deepEqual(ids(client), [idOf(first)]);
  clock.advance(LIVENESS_LIMITS.alonePauseMs.value);
  await settled();
  assert.deepEqual(ids(client), [idOf(first)]);
  assert.equal(client.book.get(idOf(dead))?.failures, 1);
});

test("a renewal is gossiped to all, and reaches those who were not told by exchange", async (t) => {
  const { hub, clock } = setUp(t);
  const identity = generateIdentity();
  const first = await hub.node([], { country: "de" });
  const near = await hub.node([first], { country: "de" });
  const client = await hub.client([near]);
  client.directory.expect({ countries: ["de"] });
  await settled();
  clock.advance(60_000);
  await settled();
  const fresh = await hub.node([first], { identity, country: "de" });
  await settled();
  assert.equal(client.book.get(idOf(fresh))?.reportedBy.kind, "gossip");
});

test("a peer that lies or stalls is counted and passed over", async (t) => {
  const { hub, clock } = setUp(t);
  const honest = await hub.node();
  const liar = await hub.node();
  const client = await hub.client([liar, honest]);
  const ask = client.overlay.ask.bind(client.overlay);
  const answers = [
    async () => Uint8Array.of(0xff),
    async () => new Uint8Array(70_000),
    () => new Promise<never>(() => {}),
  ];
  let turn = 0;
  client.overlay.ask = (peer, request, signal) => {
    if (peer !== liar.overlay.peerId) return ask(peer, request, signal);
    turn += 1;
    const answer = answers[turn % answers.length]?.() ?? ask(peer, request, signal);
    return new Promise((resolve, reject) => {
      answer.then(resolve, reject);
      signal?.addEventListener("abort", () => reject(signal.reason));
    });
  };
  await settled();
  // In small steps, since a deadline must not pass in the same step in which its question was asked.
  while (turn < 6) {
    clock.advance(DISCOVERY_LIMITS.askMs.value / 2);
    await settled();
  }
  assert.ok((client.book.rejections.counts().answer ?? 0) >= 3);
  assert.ok(ids(client).includes(idOf(honest)));
});

test("a renewal is told to peers each time, and put into the DHT every second time", async (t) => {
  const { hub, clock } = setUp(t);
  const first = await hub.node();
  const node = await hub.node([first]);
  await settled();
  clock.advance(DISCOVERY_LIMITS.recordMs.value);
  await settled();
  const done = { told: 0, put: 0 };
  const { overlay } = node;
  const [ask, putRecord] = [overlay.ask.bind(overlay), overlay.putRecord.bind(overlay)];
  overlay.ask = (peer, request, signal) => {
    done.told += decodeDirectoryRequest(request).limit === 0 ? 1 : 0;
    return ask(peer, request, signal);
  };
  overlay.putRecord = (peer, envelope, signal) => {
    done.put += 1;
    return putRecord(peer, envelope, signal);
  };
  for (let renewal = 1; renewal <= 4; renewal += 1) {
    clock.advance(PEERS_LIMITS.renewMs.value);
    node.directory.announce();
    await settled();
  }
  assert.deepEqual(done, { told: 4, put: 2 });
});

test("how things are is written down, and everything ends with stop", async (t) => {
  const { hub, clock } = setUp(t);
  const first = await hub.node();
  const client = await hub.client([first]);
  await settled();
  assert.equal(client.states.at(-1)?.connections, 1, "at once, and not in a quarter of a minute");
  clock.advance(DISCOVERY_LIMITS.stateMs.value * 1.25);
  await settled();
  const { atSec, ...state } = client.states.at(-1) ?? assert.fail();
  assert.ok(atSec * 1_000 <= clock.nowMs());
  assert.deepEqual(state, {
    connections: 1,
    usable: 1,
    estimatedPeers: 1,
  });
  await client.directory.stop();
  await client.directory.stop();
  client.book.stop();
  await first.directory.stop();
  first.book.stop();
  assert.equal(clock.pending, 0);
});

test("a hundred who wait for the same kind of node share one search", async (t) => {
  const { hub } = setUp(t);
  const first = await hub.node();
  const client = await hub.client([first]);
  await settled();
  const asked = t.mock.method(client.overlay, "ask");
  await Promise.all(Array.from({ length: 100 }, () => client.directory.find({ ...EXIT, countries: ["fr"] }, 1, never)));
  const { value: most } = DISCOVERY_LIMITS.findPeers;
  assert.ok(asked.mock.callCount() <= 2 * most, `${asked.mock.callCount()} requests`);
});

test("one who gives up leaves the others their search, and stopping ends it", async (t) => {
  const { hub } = setUp(t);
  const first = await hub.node();
  const client = await hub.client([first]);
  await settled();
  t.mock.method(client.overlay, "ask", (_peer: unknown, _request: unknown, signal?: AbortSignal) =>
    withAbort(new Promise(() => {}), signal),
  );
  const taken = new AbortController();
  const query = { ...EXIT, countries: ["fr"] };
  const given = client.directory.find(query, 1, taken.signal);
  const other = client.directory.find(query, 1, never);
  taken.abort();
  await assert.rejects(given, { code: "ERR_ABORTED" });
  const ended = assert.rejects(other, { code: "ERR_STOPPED" });
  await client.directory.stop();
  await ended;
});

test("a search that waits for another network's word ends with stop, and leaves no timer", async (t) => {
  const { hub, clock } = setUp(t);
  const first = await hub.node();
  await settled();
  // Nodes of which nobody else has heard: whoever asks them gets no answer.
  for (let host = 1; host < 5; host += 1) {
    const { envelope } = advertisedNode({ endpoints: [{ host: `127.90.${host}.1`, port: 4433 }] });
    first.book.add(envelope, { kind: "exchange", peer: idOf(first) });
  }
  const client = await hub.client([first]);
  await settled();
  const waits = t.mock.method(clock, "after");
  const searching = assert.rejects(client.directory.find({}, 2, never), { code: "ERR_STOPPED" });
  await settled();
  assert.ok(waits.mock.calls.some((call) => call.arguments[0] === DISCOVERY_LIMITS.witnessMs.value));
  await client.directory.stop();
  await searching;
  client.book.stop();
  await first.directory.stop();
  first.book.stop();
  assert.equal(clock.pending, 0);
});

test("of a longer list of countries than a request may name, some are asked for", async (t) => {
  const { hub } = setUp(t);
  const first = await hub.node();
  const client = await hub.client([first]);
  await settled();
  const asked = t.mock.method(client.overlay, "ask");
  const countries = [..."abcdefghijklmnopqrstuvwxyz"].map((letter) => `q${letter}`);
  await client.directory.find({ ...EXIT, countries }, 1, never);
  const [, request] = asked.mock.calls[0]?.arguments ?? [];
  assert.equal(decodeDirectoryRequest(request ?? new Uint8Array()).query.countries?.length, 16);
});

test("of longer lists of names some are asked for, and none that no request may hold", async (t) => {
  const { hub } = setUp(t);
  const first = await hub.node();
  const client = await hub.client([first]);
  await settled();
  const asked = t.mock.method(client.overlay, "ask");
  const names = Array.from({ length: 20 }, (_, n) => `name ${n}`);
  const long = "x".repeat(65);
  await client.directory.find({ ...EXIT, cities: [...names, long], regions: names, isps: [long] }, 1, never);
  const [, request] = asked.mock.calls[0]?.arguments ?? [];
  const { query } = decodeDirectoryRequest(request ?? new Uint8Array());
  assert.deepEqual([query.cities?.length, query.regions?.length, query.isps], [16, 16, undefined]);
  assert.ok(!query.cities?.includes(long));
});

test("a city is asked for by name; a peer that knows no such key tells of others, which harms nobody", async (t) => {
  const { hub } = setUp(t);
  const old = await hub.node();
  const recife = await hub.node([old], { city: "Recife", country: "br", endpoints: [{ host: "127.1.0.1", port: 1 }] });
  const pune = await hub.node([old], { city: "Pune", country: "in", endpoints: [{ host: "127.2.0.1", port: 1 }] });
  await settled();
  const client = await hub.client([old]);
  const ask = client.overlay.ask.bind(client.overlay);
  client.overlay.ask = (peer, request, signal) => {
    const { query, ...more } = decodeDirectoryRequest(request);
    const { cities, ...known } = query;
    // A peer of before passes the key over.
    return ask(peer, encodeDirectoryRequest({ ...more, query: known }), signal);
  };
  const query = { ...EXIT, cities: ["RECIFE"] };
  await client.directory.find(query, 1, never);
  await settled();
  assert.deepEqual(
    client.directory.usable(query).map(({ advertisement }) => advertisement.peer),
    [idOf(recife)],
  );
  assert.ok(client.directory.usable({}).some(({ advertisement }) => advertisement.peer === idOf(pune)));
  assert.ok(Object.values(client.book.rejections.counts()).every((count) => count === 0));
  const late = await hub.client([old]);
  await late.directory.find(query, 1, never);
  assert.deepEqual(
    late.directory.usable(query).map(({ advertisement }) => advertisement.peer),
    [idOf(recife)],
  );
});

test("after a time without any connection the nodes of before are used again", async (t) => {
  const { clock, hub } = setUp(t);
  let isOnline = true;
  const first = await hub.node();
  const client = await hub.client([first], () => isOnline);
  await client.directory.find(EXIT, 1, never);
  assert.equal(client.directory.state().usable, 1);
  const pass = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second += 1) {
      clock.advance(1_000);
      await settled();
    }
  };
  isOnline = false;
  await pass(1_800);
  assert.equal(client.directory.state().usable, 0);
  isOnline = true;
  await pass(30);
  assert.equal(client.directory.state().usable, 1);
});

test("a client checks those first whom its teller has met, however many others that one knows", async (t) => {
  const { clock, hub } = setUp(t);
  const first = await hub.node();
  const live = [first];
  for (let n = 0; n < 6; n += 1) live.push(await hub.node([first]));
  await settled();
  const silent = Array.from({ length: 300 }, (_, n) =>
    advertisedNode({
      atMs: clock.nowMs(),
      endpoints: [{ host: `127.${100 + (n % 100)}.${1 + Math.floor(n / 100)}.1`, port: 1 }],
    }),
  );
  first.book.addAll(
    silent.map(({ envelope }) => envelope),
    { kind: "gossip" },
  );
  const ids = new Set(live.map(idOf));
  const checked = new Set<string>();
  await hub.client([first], (peer) => {
    checked.add(peer);
    return ids.has(peer);
  });
  await settled();
  assert.ok(checked.size > 30, `${checked.size}`);
  assert.ok(ids.isSubsetOf(new Set([...checked].slice(0, 16))), "among the first sixteen");
});

test("no more countries are heard at a time than the bound; the one asked for longest ago is heard no longer", async (t) => {
  const { hub } = setUp(t);
  const client = await hub.client([await hub.node()]);
  const heard = new Set<string>();
  const { subscribe, unsubscribe } = client.overlay;
  client.overlay.subscribe = (topic, check) => {
    heard.add(topic);
    subscribe.call(client.overlay, topic, check);
  };
  client.overlay.unsubscribe = (topic) => {
    heard.delete(topic);
    unsubscribe.call(client.overlay, topic);
  };
  const countries = ["aa", "bb", "cc", "dd", "ee", "ff", "gg", "hh", "ii", "jj", "kk"];
  for (const country of countries) client.directory.expect({ countries: [country] });
  assert.deepEqual([...heard], countries.slice(-DISCOVERY_LIMITS.topics.value).map(freshTopic));
});
