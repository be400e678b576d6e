import assert from "node:assert/strict";
import { test } from "node:test";
import { someLink } from "../../test/support/some-link.ts";
import { BywayError } from "../core/errors.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { seededRandom } from "../core/random.ts";
import { LinkSession } from "../link/link-session.ts";
import { EGRESS_LIMITS } from "./limits.ts";
import { type StreamAsked, type StreamLimitOptions, StreamLimits } from "./stream-limits.ts";

const LOOSE: StreamLimitOptions = {
  maxStreams: 1_000_000,
  streamsPerSecond: 1_000_000,
  linkStreams: 1_000_000,
  linkStreamsPerSecond: 1_000_000,
  linkTargetsPerMinute: 100_000,
  targetStreams: 1_000_000,
  targetStreamsPerSecond: 1_000_000,
};

function create(options: StreamLimitOptions): { clock: FakeClock; limits: StreamLimits } {
  const clock = new FakeClock();
  return { clock, limits: new StreamLimits({ clock, random: seededRandom(1) }, { ...LOOSE, ...options }) };
}

const asked = (id: number, host: string, port = 443, payer?: string): StreamAsked => {
  const link = someLink(id);
  link.payer = payer;
  return { link, target: { host, port } };
};

/** What the refusal says; undefined when the stream is let through, which then stays open. */
function refusedBy(limits: StreamLimits, stream: StreamAsked): string | undefined {
  try {
    limits.admit(stream);
    return undefined;
  } catch (error) {
    assert.ok(error instanceof BywayError);
    assert.equal(error.code, "ERR_NODE_LIMIT");
    assert.ok(Number(error.data.retryAfterSec) >= 1);
    return String(error.data.by);
  }
}

test("as many at a time as may be: of the node, a link, a payer, to a host", () => {
  const rows: [StreamLimitOptions, string, (n: number) => StreamAsked][] = [
    [{ maxStreams: 5 }, "open streams", (n) => asked(n, `h${n}.test`)],
    [{ linkStreams: 5 }, "open streams of a link", (n) => asked(1, `h${n}.test`)],
    [{ linkStreams: 5 }, "open streams of a payer", (n) => asked(n, `h${n}.test`, 443, "someone")],
    [{ targetStreams: 5 }, "open streams of a target", (n) => asked(n, "h.test", n + 1)],
    [{ targetStreams: 5 }, "open streams of a target", (n) => asked(n, `2001:db8:0:1::${n + 1}`)],
  ];
  for (const [options, by, stream] of rows) {
    const { limits } = create(options);
    const places = Array.from({ length: 5 }, (_, n) => limits.admit(stream(n)));
    assert.equal(refusedBy(limits, stream(5)), by);
    assert.equal(limits.open, 5);
    places[2]?.[Symbol.dispose]();
    places[2]?.[Symbol.dispose]();
    assert.equal(limits.open, 4);
    assert.equal(refusedBy(limits, stream(6)), undefined, by);
    assert.equal(refusedBy(limits, stream(7)), by, "a place is given back once");
  }
});

test("others are not held to what one has used up", () => {
  const { limits } = create({ linkStreams: 2, targetStreams: 3 });
  for (const link of [1, 1, 2]) limits.admit(asked(link, "a.test", 443, `p${link}`));
  assert.equal(refusedBy(limits, asked(1, "b.test")), "open streams of a link");
  assert.equal(refusedBy(limits, asked(3, "b.test", 443, "p1")), "open streams of a payer");
  assert.equal(refusedBy(limits, asked(3, "a.test")), "open streams of a target");
  assert.equal(refusedBy(limits, asked(3, "b.test", 443, "p3")), undefined);
  assert.equal(refusedBy(limits, asked(2, "2001:db8:0:1::1")), undefined);
});

test("no link and no network takes all streams of a node, or all of a host", () => {
  const from = (id: number, host: string, network: number): StreamAsked => ({
    ...asked(id, host),
    link: someLink(id, `198.51.${network}.7`),
  });
  const rows: [StreamLimitOptions, string, (n: number) => string][] = [
    [{ maxStreams: 100 }, "open streams", (n) => `h${n}.test`],
    [{ targetStreams: 100 }, "open streams of a target", () => "h.test"],
  ];
  for (const [options, by, host] of rows) {
    const { limits } = create(options);
    const places: Disposable[] = [];
    const hog = (n: number): string | undefined => {
      try {
        places.push(limits.admit(from(n % 8, host(n), 1)));
        return undefined;
      } catch (error) {
        return error instanceof BywayError ? String(error.data.by) : "";
      }
    };
    for (let n = 0; n < 200; n += 1) assert.ok([undefined, by].includes(hog(n)));
    assert.equal(hog(200), by);
    assert.ok(places.length > 50 && places.length < 67, `${by}: ${places.length}`);
    for (const [link, network] of [
      [9, 2],
      [10, 1],
    ] as const)
      limits.admit(from(link, host(200 + link), network))[Symbol.dispose]();
    // What was held counts no longer, also for a host that has no stream any more.
    for (const place of places) place[Symbol.dispose]();
    assert.equal(hog(203), undefined);
  }
});

test("new streams a second keep to each limit within 5 % over ten seconds", () => {
  const rows: [keyof StreamLimitOptions, number, string, (n: number) => StreamAsked][] = [
    ["streamsPerSecond", 500, "streams per second", (n) => asked(n, `h${n}.test`)],
    ["streamsPerSecond", 7, "streams per second", (n) => asked(n, `h${n}.test`)],
    ["linkStreamsPerSecond", 200, "streams per second of a link", (n) => asked(1, `h${n % 7}.test`)],
    ["linkStreamsPerSecond", 200, "streams per second of a payer", (n) => asked(n, `h${n % 7}.test`, 443, "someone")],
    ["targetStreamsPerSecond", 100, "streams per second of a target", (n) => asked(n, "h.test", 1 + (n % 60_000))],
  ];
  for (const [option, rate, by, stream] of rows) {
    const { clock, limits } = create({ [option]: rate });
    let through = 0;
    for (let n = 0; n < 10_000; n++) {
      const why = refusedBy(limits, stream(n));
      if (why === undefined) through += 1;
      else assert.equal(why, by);
      clock.advance(1);
    }
    assert.ok(Math.abs(through / (rate * 10) - 1) <= 0.05, `${option} ${rate}: ${through}`);
  }
});

test("Retry-After is when the next one passes", () => {
  const { clock, limits } = create({ linkStreamsPerSecond: 0.25 });
  limits.admit(asked(1, "h.test"));
  assert.throws(
    () => limits.admit(asked(1, "h.test")),
    (error) => error instanceof BywayError && error.data.retryAfterSec === 4,
  );
  clock.advance(4000);
  assert.equal(refusedBy(limits, asked(1, "h.test")), undefined);
});

test("a scan of 2,000 ports is stopped at the limit; a browser with 200 hosts a minute is not", () => {
  const clock = new FakeClock();
  const limits = new StreamLimits({ clock, random: seededRandom(1) });
  let through = 0;
  for (let port = 1; port <= 2000; port++) {
    try {
      limits.admit(asked(1, "192.0.2.7", port))[Symbol.dispose]();
      through += 1;
    } catch (error) {
      assert.ok(error instanceof BywayError && error.data.by === "targets per minute of a link");
    }
    clock.advance(25);
  }
  assert.equal(through, 300);

  for (let minute = 0; minute < 10; minute++) {
    for (let n = 0; n < 600; n++) {
      limits.admit(asked(2, `host-${n % 200}.test`))[Symbol.dispose]();
      clock.advance(100);
    }
  }
});

test("a scan that is spread over the minutes, or over the links of a payer, gets no further", () => {
  const { clock, limits } = create({ linkTargetsPerMinute: 300 });
  let through = 0;
  for (let n = 0; n < 12_000; n++) {
    if (refusedBy(limits, asked(n % 40, `192.0.2.${n % 250}`, 1 + n, "someone")) === undefined) through += 1;
    clock.advance(50);
  }
  // Ten minutes.
  assert.ok(Math.abs(through / 3000 - 1) <= 0.05, `${through}`);
});

test("a refusal uses nothing up", () => {
  const { clock, limits } = create({ linkStreamsPerSecond: 1, targetStreams: 1, streamsPerSecond: 10 });
  const place = limits.admit(asked(1, "full.test"));
  for (let n = 0; n < 1000; n++) assert.ok(refusedBy(limits, asked(2, "full.test")));
  assert.equal(refusedBy(limits, asked(2, "free.test")), undefined, "neither the link nor the node has had any");
  place[Symbol.dispose]();
  clock.advance(1000);
  assert.equal(refusedBy(limits, asked(2, "full.test")), undefined);
});

test("what is remembered of payers and hosts is bounded, and a busy payer is not forgotten in a flood", () => {
  const { clock, limits } = create({ linkTargetsPerMinute: 5 });
  const keys = EGRESS_LIMITS.limitedKeys.value;
  const busy = (port: number): StreamAsked => asked(-port, "192.0.2.7", port, "busy");
  const fresh = (n: number, payer = n): StreamAsked => {
    const link = new LinkSession(n, "");
    link.payer = `p${payer}`;
    return { link, target: { host: `h${n}.test`, port: 443 } };
  };
  for (let n = 0; n < 2 * keys; n++) {
    limits.admit(fresh(n))[Symbol.dispose]();
    if (n === keys) for (let port = 1; port <= 5; port++) limits.admit(busy(port))[Symbol.dispose]();
    if (n % 100 === 0) clock.advance(1);
  }
  assert.equal(refusedBy(limits, busy(6)), "targets per minute of a payer");
  assert.ok(limits.remembered <= 2 * keys + 2, `${limits.remembered}`);
  for (let n = 0; n < keys; n++) {
    clock.advance(1000);
    limits.admit(fresh(n, n + 1_000_000))[Symbol.dispose]();
  }
  assert.ok(limits.remembered < 200, `${limits.remembered} when all but a few are at rest`);
});

test("a link is held to what it had for as long as it is open, and its number says nothing", () => {
  const { clock, limits } = create({ linkTargetsPerMinute: 5 });
  const link = new LinkSession(7, "");
  const scan = (port: number, by = link): StreamAsked => ({ link: by, target: { host: "192.0.2.7", port } });
  for (let port = 1; port <= 5; port += 1) limits.admit(scan(port))[Symbol.dispose]();
  clock.advance(30_000);
  assert.equal(refusedBy(limits, scan(6)), "targets per minute of a link");
  assert.equal(refusedBy(limits, scan(6, new LinkSession(7, ""))), undefined);
});
