import assert from "node:assert/strict";
import { test } from "node:test";
import { addReports, lastingCounts, NO_REPORT, type ServingReport } from "./serving-report.ts";

const REPORT: ServingReport = {
  links: 2,
  streams: 3,
  streamsOpened: 10,
  failedProofs: 3,
  linkBytes: 500,
  line: { received: 400, sent: 300 },
  refusals: { "rule 1": 2 },
  blocklists: [{ name: "drop", state: "loaded", entries: 5, unread: 0 }],
  log: { state: "writing", records: 4, bytes: 100, lost: 0 },
};

test("counts of several services are added, and of states the worst one counts", () => {
  const other: ServingReport = {
    ...REPORT,
    refusals: { "rule 1": 1, "no rule": 7 },
    blocklists: [{ name: "drop", state: "stale", entries: 4, unread: 0 }],
    log: { state: "failing", reason: "the disk is full", records: 1, bytes: 10, lost: 2 },
  };
  assert.deepEqual(addReports(REPORT, other), {
    links: 4,
    streams: 6,
    streamsOpened: 20,
    failedProofs: 6,
    linkBytes: 1_000,
    line: { received: 800, sent: 600 },
    refusals: { "rule 1": 3, "no rule": 7 },
    blocklists: [{ name: "drop", state: "stale", entries: 4, unread: 0 }],
    log: { state: "failing", reason: "the disk is full", records: 5, bytes: 110, lost: 2 },
  });
  assert.deepEqual(addReports(other, REPORT).log, addReports(REPORT, other).log);
});

test("the counts of a service that is gone remain", () => {
  const left = lastingCounts(REPORT);
  assert.deepEqual([left.links, left.streams, left.blocklists], [0, 0, []]);
  assert.deepEqual(addReports(left, NO_REPORT).line, REPORT.line);
  assert.deepEqual([left.streamsOpened, left.failedProofs, left.refusals], [10, 0, { "rule 1": 2 }]);
});
