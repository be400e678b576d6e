import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import { RecordingLogger } from "../../../test/support/recording-logger.ts";
import { settled } from "../../../test/support/settled.ts";
import { FakeClock } from "../../core/fake-clock.ts";
import { seededRandom } from "../../core/random.ts";
import { HOUR_MS } from "../../core/units.ts";
import { Blocklists } from "./blocklists.ts";
import type { Fetch } from "./fetch-list.ts";
import { BLOCKLIST_LIMITS } from "./limits.ts";

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

interface Site {
  readonly url: string;
  /** How the next requests are answered. */
  answer: Answer;
  readonly requests: IncomingMessage[];
}

async function site(t: TestContext, answer: Answer): Promise<Site> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    made.answer(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const made: Site = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/list`, answer, requests };
  return made;
}

const text =
  (body: string | Uint8Array, headers: Record<string, string> = {}): Answer =>
  (_request, response) => {
    response.writeHead(200, headers).end(body);
  };
const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (_request, response) => {
    response.writeHead(code, headers).end();
  };

function names(count: number): string {
  return Array.from({ length: count }, (_, i) => `n${i}.example\n`).join("");
}

async function cacheDirectory(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "byway-lists-"));
  t.after(() => rm(path, { recursive: true, force: true }));
  return join(path, "cache");
}

interface Fixture {
  readonly lists: Blocklists;
  readonly clock: FakeClock;
  readonly logger: RecordingLogger;
  pass(ms: number): Promise<void>;
  state(): readonly unknown[];
}

function fixture(
  t: TestContext,
  url: string,
  options: { cache?: string; fetch?: Fetch; clock?: FakeClock } = {},
): Fixture {
  const clock = options.clock ?? new FakeClock(Date.now());
  const logger = new RecordingLogger();
  let changed = (): void => {};
  const lists = new Blocklists(
    {
      clock,
      logger,
      random: seededRandom(1),
      onChange: () => changed(),
      ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
    },
    {
      lists: [{ name: "far", source: url, refreshHours: 4 }],
      ...(options.cache === undefined ? {} : { cacheDirectory: options.cache }),
    },
  );
  t.after(() => lists.stop());
  const pass = async (ms: number): Promise<void> => {
    const change = new Promise<void>((resolve) => {
      changed = resolve;
    });
    clock.advance(ms);
    await change;
  };
  const state = (): readonly unknown[] => lists.status().flatMap((each) => [each.state, each.entries, each.reason]);
  return { lists, clock, logger, pass, state };
}

test("a list is fetched, and asked for again with what the server said of it", async (t) => {
  const validators = { etag: '"v1"', "last-modified": "Mon, 01 Jan 2024 00:00:00 GMT" };
  const from = await site(t, text("a.example\n", validators));
  const { lists, pass, state } = fixture(t, from.url);
  await lists.start();
  assert.ok(lists.matchName("a.example"));
  assert.equal(from.requests[0]?.headers["if-none-match"], undefined);
  from.answer = status(304);
  await pass(5 * HOUR_MS);
  assert.equal(from.requests.length, 2);
  assert.equal(from.requests[1]?.headers["if-none-match"], '"v1"');
  assert.equal(from.requests[1]?.headers["if-modified-since"], validators["last-modified"]);
  assert.deepEqual(state(), ["loaded", 1, undefined]);
  from.answer = text(gzipSync("b.example\nc.example\n"));
  await pass(5 * HOUR_MS);
  assert.deepEqual(state(), ["loaded", 2, undefined]);
});

test("nothing is asked before the refresh is due", async (t) => {
  const from = await site(t, text("a.example\n"));
  const { lists, clock } = fixture(t, from.url);
  await lists.start();
  clock.advance(3.5 * HOUR_MS);
  await lists.reload();
  assert.equal(from.requests.length, 2);
});

/** How a refresh can fail: what was there must go on to count. */
const FAILURES: readonly (readonly [what: string, answer: Answer, reason: RegExp])[] = [
  ["an error", status(503), /cannot be fetched \(status 503\)/],
  ["a page that is missing", status(404), /status 404/],
  ["an HTML page", text("<!doctype html><p>Log in</p>"), /is an HTML page/],
  ["an empty answer", text(""), /has shrunk from 1000 entries to 0/],
  ["too short a list", text(names(10)), /has shrunk from 1000 entries to 10/],
  [
    "a part of a list",
    (_, response) => response.writeHead(200, { "content-length": 9e6 }).write(names(900), () => response.destroy()),
    /cannot be read \(\w+/,
  ],
  ["a broken connection", (_, response) => response.destroy(), /cannot be read \(\w+\)/],
  ["gzip that is cut short", text(gzipSync(names(1000)).subarray(0, 500)), /cannot be unpacked/],
  ["a redirect without end", status(302, { location: "/list" }), /redirected too often/],
  ["a redirect to a file", status(302, { location: "file:///etc/passwd" }), /no http address/],
  ["304 that was not asked for", status(304), /status 304/],
];

for (const [what, answer, reason] of FAILURES) {
  test(`a refresh that brings ${what} keeps what there was, says so, and is tried again soon`, async (t) => {
    const from = await site(t, text(names(1000)));
    const { lists, pass, state, logger } = fixture(t, from.url);
    await lists.start();
    from.answer = answer;
    await pass(5 * HOUR_MS);
    const [now, entries, why] = state();
    assert.deepEqual([now, entries], ["stale", 1000]);
    assert.match(String(why), reason);
    assert.ok(lists.matchName("n999.example"));
    assert.deepEqual(lists.missing, []);
    assert.equal(logger.lines.filter((line) => line.startsWith("warn")).length, 1);
    assert.ok(!logger.lines.join().includes(from.url), "an address may hold a secret");
    from.answer = text(names(1001));
    await pass(2 * BLOCKLIST_LIMITS.lookMs.value);
    assert.deepEqual(state(), ["loaded", 1001, undefined]);
  });
}

test("redirects are followed, to http and https, but never from https to http", async (t) => {
  const from = await site(t, (request, response) =>
    request.url === "/end"
      ? text("a.example\n")(request, response)
      : status(301, { location: "/end" })(request, response),
  );
  const plain = fixture(t, from.url);
  await plain.lists.start();
  assert.deepEqual(plain.state(), ["loaded", 1, undefined]);
  const asked: string[] = [];
  const fetch: Fetch = async (address) => {
    asked.push(address.href);
    return new Response(null, { status: 302, headers: { location: "http://lists.example/b" } });
  };
  const secure = fixture(t, "https://lists.example/a", { fetch });
  await secure.lists.start();
  assert.deepEqual(asked, ["https://lists.example/a"]);
  assert.deepEqual(secure.state(), ["missing", 0, "the list is redirected from https to http"]);
});

test("a server that stops sending is given up, and so is one that never answers or never ends", async (t) => {
  const arrived = Promise.withResolvers<void>();
  const from = await site(t, () => arrived.resolve());
  const silent = fixture(t, from.url);
  const started = silent.lists.start();
  await arrived.promise;
  silent.clock.advance(BLOCKLIST_LIMITS.fetchSilenceMs.value);
  await started;
  assert.deepEqual(silent.state(), ["missing", 0, "the list stopped coming"]);

  const clock = new FakeClock();
  const fetch: Fetch = async () =>
    new Response(
      new ReadableStream({
        pull(controller) {
          clock.advance(BLOCKLIST_LIMITS.fetchSilenceMs.value / 2);
          controller.enqueue(Buffer.from("a.example\n"));
        },
      }),
    );
  const endless = fixture(t, "https://lists.example/", { fetch, clock });
  await endless.lists.start();
  assert.deepEqual(endless.state(), ["missing", 0, "the list took too long to fetch"]);
});

test("failures are tried again ever more seldom, as seldom as refreshes in the end", async (t) => {
  const minutes: number[] = [];
  let minute = 0;
  const fetch: Fetch = () => {
    minutes.push(minute);
    return Promise.reject(new TypeError("fetch failed", { cause: { code: "ENOTFOUND" } }));
  };
  const { lists, clock, state } = fixture(t, "https://lists.example/", { fetch });
  await lists.start();
  for (minute = 1; minute < 24 * 60; minute += 1) {
    clock.advance(BLOCKLIST_LIMITS.lookMs.value);
    await settled();
  }
  assert.deepEqual(state(), ["missing", 0, "the list cannot be read (ENOTFOUND)"]);
  const pauses = minutes.slice(1).map((at, i) => at - (minutes[i] ?? 0));
  assert.ok(minutes.length > 8 && minutes.length < 16, String(minutes.length));
  assert.ok((pauses[0] ?? 9) <= 2);
  for (const [i, pause] of pauses.entries()) {
    const wanted = Math.min(240, 2 ** i);
    assert.ok(pause >= wanted * 0.75 && pause <= wanted * 1.25 + 1, `${pause} minutes after ${i + 1} failures`);
  }
});

test("the last good copy counts while the server cannot be reached, at the start too", async (t) => {
  const cache = await cacheDirectory(t);
  const from = await site(t, text(names(50), { etag: '"v1"' }));
  const first = fixture(t, from.url, { cache });
  await first.lists.start();
  await first.lists.stop();
  const [file = ""] = await readdir(cache);
  assert.equal((await stat(join(cache, file))).mode & 0o777, 0o600);
  assert.equal((await readdir(cache)).length, 1);

  // Young enough: nobody is asked.
  const young = fixture(t, from.url, { cache, clock: new FakeClock(first.clock.nowMs() + HOUR_MS) });
  await young.lists.start();
  assert.deepEqual(young.state(), ["loaded", 50, undefined]);
  assert.equal(from.requests.length, 1);
  assert.equal(young.lists.status()[0]?.loadedAt, new Date(first.clock.nowMs()).toISOString());

  // Old, and the server is away.
  from.answer = status(503);
  const old = fixture(t, from.url, { cache, clock: new FakeClock(first.clock.nowMs() + 48 * HOUR_MS) });
  await old.lists.start();
  assert.deepEqual(old.state(), ["stale", 50, "the list cannot be fetched (status 503)"]);
  assert.equal(from.requests[1]?.headers["if-none-match"], '"v1"');

  // Old, and still the latest: young from then on.
  from.answer = status(304);
  const confirmed = fixture(t, from.url, { cache, clock: new FakeClock(first.clock.nowMs() + 48 * HOUR_MS) });
  await confirmed.lists.start();
  assert.deepEqual(confirmed.state(), ["loaded", 50, undefined]);
  const later = fixture(t, from.url, { cache, clock: new FakeClock(first.clock.nowMs() + 49 * HOUR_MS) });
  await later.lists.start();
  assert.equal(from.requests.length, 3);
});

test("a refresh that fails leaves the copy as it was, and nothing beside it", async (t) => {
  const cache = await cacheDirectory(t);
  const from = await site(t, text(names(1000)));
  const { lists } = fixture(t, from.url, { cache });
  await lists.start();
  const [file = ""] = await readdir(cache);
  const before = await readFile(join(cache, file));
  for (const [, answer] of FAILURES) {
    from.answer = answer;
    await lists.reload();
    assert.deepEqual(await readdir(cache), [file]);
    assert.deepEqual(await readFile(join(cache, file)), before);
  }
});

test("a copy that is damaged, of another address or half written is not used", async (t) => {
  const cache = await cacheDirectory(t);
  const from = await site(t, text("a.example\n"));
  const first = fixture(t, from.url, { cache });
  await first.lists.start();
  const [file = ""] = await readdir(cache);
  const leftover = join(cache, `${file}.0123.new`);
  for (const damage of [
    "",
    "{",
    "{}\nb.example\n",
    '{"source":"x","fetchedAtMs":1}\nb.example\n',
    "null\n",
    "\0\0\0",
  ]) {
    await writeFile(join(cache, file), damage);
    await writeFile(leftover, "b.example\n");
    const again = fixture(t, from.url, { cache, clock: new FakeClock(Date.now() + 2 * HOUR_MS) });
    await again.lists.start();
    assert.deepEqual(again.state(), ["loaded", 1, undefined], damage);
    assert.ok(again.lists.matchName("a.example"));
    assert.deepEqual(await readdir(cache), [file]);
  }
  const asked = from.requests.length;
  await writeFile(join(cache, file), `{"source":"${from.url}","fetchedAtMs":1}\n<html>`);
  const again = fixture(t, from.url, { cache });
  await again.lists.start();
  assert.deepEqual(again.state(), ["loaded", 1, undefined]);
  assert.equal(from.requests.length, asked + 1);
});

test("of several processes that share the copies one fetches and the others read what it kept", async (t) => {
  const cache = await cacheDirectory(t);
  const from = await site(t, text("a.example\n"));
  const clock = new FakeClock(Date.now());
  const [one, other] = [fixture(t, from.url, { cache, clock }), fixture(t, from.url, { cache, clock })];
  await one.lists.start();
  await other.lists.start();
  assert.equal(from.requests.length, 1);
  from.answer = text("a.example\nb.example\n");
  clock.advance(HOUR_MS);
  await one.lists.reload();
  assert.equal(from.requests.length, 2);
  // The other's refresh is due by now, the one's is not.
  await other.pass(3.5 * HOUR_MS);
  assert.ok(other.lists.matchName("b.example"));
  assert.equal(from.requests.length, 2);
});

test("a directory that cannot be written is told, and the list counts all the same", async (t) => {
  const cache = await cacheDirectory(t);
  await writeFile(cache, "a file");
  const from = await site(t, text("a.example\n"));
  const { lists, logger } = fixture(t, from.url, { cache: join(cache, "below") });
  await lists.start();
  assert.ok(lists.matchName("a.example"));
  assert.match(logger.lines.join("\n"), /warn no copy of a blocklist could be kept/);
});

test("lists that are stopped while one is fetched end at once", async (t) => {
  const arrived = Promise.withResolvers<void>();
  const cache = await cacheDirectory(t);
  const from = await site(t, (_, response) => {
    response.writeHead(200).write("a.example\n", () => arrived.resolve());
  });
  const { lists, clock } = fixture(t, from.url, { cache });
  const started = lists.start();
  await arrived.promise;
  await lists.stop();
  await started;
  assert.equal(clock.pending, 0);
  assert.deepEqual(await readdir(cache), []);
});
