import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeStatus, STATUS_AT_MS } from "../../test/support/node-status.ts";
import type { HealthFacts } from "./health-facts.ts";
import { HEALTH_TABLE, type HealthCode, healthWarnings } from "./health-table.ts";
import type { NodeStatus } from "./node-status.ts";

type Changes = Partial<Omit<HealthFacts, "status" | "settings">> & {
  readonly status?: Partial<NodeStatus>;
  readonly settings?: Partial<HealthFacts["settings"]>;
};

function facts({ status = {}, settings = {}, ...more }: Changes = {}): HealthFacts {
  return {
    status: nodeStatus(status),
    settings: { unlisted: false, log: "required", maxStreams: 4_096, workers: 1, network: "hosting", ...settings },
    machine: { mostDescriptors: 524_288, freeDiskBytes: 10_000_000_000 },
    nowMs: STATUS_AT_MS,
    ...more,
  };
}

function codes(changes: Changes): readonly string[] {
  return healthWarnings(facts(changes)).map(({ code }) => code);
}

const list = nodeStatus().blocklists[0] ?? assert.fail();
const log = nodeStatus().log;
const used = (bytes: number): Changes => ({
  status: { traffic: { ...nodeStatus().traffic, month: { received: bytes, sent: 0 }, monthlyCapBytes: 1_000 } },
});
const accepting = (...ports: readonly (readonly [number, number])[]): Changes => ({
  status: {
    policy: { rules: [], acceptedPorts: ports.map(([first, last]) => ({ first, last })) },
  },
});
const unknown = { reachable: { state: "unknown", reason: "no peer has looked yet" } } as const;
const withoutContact = (roles: readonly string[]): Changes => {
  const { contact: _, ...rest } = nodeStatus();
  return { status: { ...rest, roles, contact: undefined } as unknown as NodeStatus };
};

test("of a node that serves well, nothing is said", () => {
  assert.deepEqual(healthWarnings(facts()), []);
});

const CASES: readonly (readonly [code: HealthCode, message: RegExp, changes: Changes, without: readonly Changes[]])[] =
  [
    [
      "WARN_NOT_REACHABLE",
      /^other peers cannot reach 192\.0\.2\.10:4433: no answer within 5 s$/,
      { status: { reachable: { state: "no", reason: "no answer within 5 s" } } },
      [],
    ],
    [
      "WARN_NOT_CHECKED",
      /no peer has checked .*: no peer has looked yet/,
      { status: unknown },
      [
        { status: { ...unknown, startedAt: new Date(STATUS_AT_MS - 899_000).toISOString() } },
        { status: unknown, settings: { unlisted: true } },
      ],
    ],
    ["WARN_CLOCK", /behind/, { nowMs: Date.parse("2026-10-31T23:59:59Z") }, [{ nowMs: Date.parse("2026-11-01") }]],
    [
      "WARN_CLOCK_OFF",
      /^the clock of this machine seems to be ahead: 2 relays refused this node's advertisement$/,
      {
        status: {
          clockOff: { direction: "ahead", peers: 2, reason: "2 relays refused this node's advertisement" },
        },
      },
      [],
    ],
    [
      "WARN_SAME_KEY",
      /another machine has the same key as this node: at 2027-01-15T08:00:00\.000Z .* 192\.0\.2\.9:4433$/,
      { status: { sameKey: { endpoint: "192.0.2.9:4433", issuedAt: "2027-01-15T08:00:00.000Z" } } },
      [],
    ],
    [
      "WARN_PLACE_CONTRADICTED",
      /^the address data says of 192\.0\.2\.10:4433 country us, not de; network hosting, not mobile: clients use the data/,
      {
        status: {
          contradicted: [
            { claim: "country", claimed: "de", found: "us" },
            { claim: "network", claimed: "mobile", found: "hosting" },
          ],
        },
      },
      [{ status: { contradicted: [] } }],
    ],
    [
      "WARN_CLOCK_LEAPT",
      /^the clock leapt ahead by 60 days; 3 files of the accountability log are kept beyond their days for now$/,
      { status: { log: { ...log, held: { files: 3, aheadMs: 60 * 86_400_000 } } } },
      [],
    ],
    [
      "WARN_LOG_FAILING",
      /cannot be written \(ENOSPC\); the exit is closed until it can be/,
      { status: { log: { ...log, state: "failing", reason: "ENOSPC" } } },
      [],
    ],
    [
      "WARN_LOG_FAILING",
      /cannot be written$/,
      { status: { log: { ...log, state: "failing" } }, settings: { log: "best-effort" } },
      [],
    ],
    ["WARN_LOG_FAILING", /cannot be written$/, { status: { log: { ...log, state: "failing" }, roles: ["relay"] } }, []],
    ["WARN_LOG_LOST", /^1 record of the accountability log is lost$/, { status: { log: { ...log, lost: 1 } } }, []],
    [
      "WARN_LOG_OFF",
      /log is off/,
      { status: { log: { ...log, state: "off" } } },
      [{ status: { log: { ...log, state: "off" }, roles: ["relay"] } }],
    ],
    [
      "WARN_BLOCKLIST_MISSING",
      /^the blocklist drop was never loaded: the exit is closed \(404\); so with other$/,
      {
        status: {
          blocklists: [
            { ...list, state: "missing", entries: 0, unread: 0, reason: "404" },
            { ...list, name: "other", state: "missing", entries: 0, unread: 0 },
          ],
        },
      },
      [],
    ],
    ["WARN_BLOCKLIST_STALE", /older copy/, { status: { blocklists: [{ ...list, state: "stale" }] } }, []],
    ["WARN_BLOCKLIST_EMPTY", /no entries/, { status: { blocklists: [{ ...list, entries: 0 }] } }, []],
    [
      "WARN_BLOCKLIST_UNREAD",
      /many lines/,
      { status: { blocklists: [{ ...list, entries: 89, unread: 11 }] } },
      [{ status: { blocklists: [{ ...list, entries: 90, unread: 10 }] } }],
    ],
    ["WARN_POLICY_CLOSED", /accepts nothing/, accepting(), [{ status: { ...accepting().status, roles: ["relay"] } }]],
    ["WARN_POLICY_OPEN", /every port/, accepting([80, 65_535], [1, 79]), []],
    ["WARN_POLICY_MAIL", /\(port 25, 587\)/, accepting([25, 25], [500, 600], [1_000, 2_000]), [accepting([26, 464])]],
    ["WARN_VOLUME_USED", /used up/, used(1_000), []],
    ["WARN_VOLUME_NEARLY_USED", /^99 %/, used(999), []],
    ["WARN_VOLUME_NEARLY_USED", /^95 %.*refused/, used(950), []],
    ["WARN_VOLUME_HIGH", /^80 %.*slows down/, used(800), [used(799)]],
    [
      "WARN_DISK_FULL",
      /has 255 MiB left/,
      { machine: { freeDiskBytes: 268_435_455 } },
      [{ machine: { freeDiskBytes: 268_435_456 } }, { machine: {} }],
    ],
    [
      "WARN_FEW_DESCRIPTORS",
      /may open 1024 files, and 4096 streams need 4352/,
      { machine: { mostDescriptors: 1_024 } },
      [
        { machine: { mostDescriptors: 1_024 }, status: { roles: ["relay"] } },
        { machine: { mostDescriptors: 1_024 }, settings: { maxStreams: 3_072, workers: 4 } },
      ],
    ],
    ["WARN_NO_DESCRIPTORS", /ran out of file descriptors/, { status: { wasOutOfDescriptors: true } }, []],
    [
      "WARN_BUSY",
      /full for 30 minutes \(load 95 %\)/,
      { status: { load: 0.95 }, busyForMs: 1_800_000 },
      [{ busyForMs: 1_799_999 }],
    ],
    [
      "WARN_REFUSALS",
      /^rule 3 has refused 1000 of 1999/,
      { status: { refusals: [{ by: "rule 3", count: 1_000 }], streamsOpened: 999 } },
      [
        { status: { refusals: [{ by: "rule 3", count: 1_000 }], streamsOpened: 1_000 } },
        { status: { refusals: [{ by: "rule 3", count: 999 }], streamsOpened: 0 } },
      ],
    ],
    [
      "WARN_FAILED_PROOFS",
      /^600 next hops within the last hour did not prove/,
      { status: { failedProofs: 600 } },
      [{ status: { failedProofs: 599 } }],
    ],
    ["WARN_NO_CONTACT", /whom to write to/, withoutContact(["exit"]), [withoutContact(["bootstrap"])]],
    [
      "WARN_RESIDENTIAL_EXIT",
      /in a residential network/,
      { settings: { network: "residential" } },
      [{ settings: { network: "residential" }, status: { roles: ["relay"] } }],
    ],
    ["WARN_PAUSED", /paused/, { status: { serving: { state: "paused" } } }, []],
    ["WARN_DRAINING", /last stream/, { status: { serving: { state: "draining" } } }, []],
    [
      "WARN_OUTSIDE_HOURS",
      /closed for now \(outside the hours 22:00-07:00\)/,
      { status: { serving: { state: "closed", reason: "outside the hours 22:00-07:00" } } },
      [],
    ],
  ];

for (const [code, message, changes, without] of CASES) {
  test(`${code} is told, alone, with a remedy: ${message.source}`, () => {
    const [warning, ...others] = healthWarnings(facts(changes));
    assert.equal(warning?.code, code);
    assert.match(warning.message, message);
    assert.equal(warning.remedy, HEALTH_TABLE[code].remedy);
    assert.equal(warning.level, HEALTH_TABLE[code].level);
    assert.deepEqual(others, []);
    for (const other of without) assert.ok(!codes(other).includes(code), JSON.stringify(other));
  });
}

test("every code has a case", () => {
  assert.deepEqual([...new Set(CASES.map(([code]) => code))].toSorted(), Object.keys(HEALTH_TABLE).toSorted());
});

test("a node that is closed for another reason is not told of its hours", () => {
  const serving = { state: "closed", reason: "why" } as const;
  const failing = { ...log, state: "failing" } as const;
  const missing = [{ ...list, state: "missing", entries: 0, unread: 0 }];
  assert.deepEqual(codes({ status: { ...used(1_000).status, serving } }), ["WARN_VOLUME_USED"]);
  assert.deepEqual(codes({ status: { ...used(950).status, serving } }), ["WARN_VOLUME_NEARLY_USED"]);
  assert.deepEqual(codes({ status: { log: failing, serving } }), ["WARN_LOG_FAILING"]);
  assert.deepEqual(codes({ status: { blocklists: missing, serving } }), ["WARN_BLOCKLIST_MISSING"]);
});

test("notes come after warnings", () => {
  const found = codes({
    status: { log: { ...log, state: "off" }, reachable: { state: "no", reason: "x" } },
    machine: { freeDiskBytes: 0 },
  });
  assert.deepEqual(found, ["WARN_NOT_REACHABLE", "WARN_DISK_FULL", "WARN_LOG_OFF"]);
});

test("every remedy is a sentence, and nothing breaks a table of the documents", () => {
  for (const [code, { when, remedy }] of Object.entries(HEALTH_TABLE)) {
    assert.match(code, /^WARN_[A-Z_]+$/);
    assert.match(remedy, /^[A-Z][^|\n]*\.$/, code);
    assert.match(when, /^[a-z0-9][^|\n]*[^.|\n]$/, code);
  }
});
