import type { NodeStatus } from "../../src/operation/node-status.ts";

/** When `nodeStatus` is taken. */
export const STATUS_AT_MS: number = Date.parse("2026-11-20T12:00:00Z");

/** A node that serves and of which nothing is to be said, but for `changes`. */
export function nodeStatus(changes: Partial<NodeStatus> = {}): NodeStatus {
  return {
    peerId: "12D3KooWQK1wnefoLrcVHbbnf5tLzbopUd3K3bFAoJpA7YJgL5pV",
    software: "byway/0.1.0",
    roles: ["relay", "exit"],
    address: "0.0.0.0:4433",
    endpoint: "192.0.2.10:4433",
    seenAddresses: ["192.0.2.10"],
    contact: "abuse@example.org",
    startedAt: "2026-11-17T12:00:00.000Z",
    serving: { state: "serving" },
    reachable: { state: "yes", reason: "2 peers have reached it", checkedAt: "2026-11-20T11:55:00.000Z" },
    links: 12,
    streams: 48,
    streamsOpened: 120_400,
    failedProofs: 14,
    load: 0.31,
    traffic: {
      today: { received: 1_200_000_000, sent: 1_100_000_000 },
      month: { received: 42_000_000_000, sent: 40_000_000_000 },
      monthStart: "2026-11-01T00:00:00.000Z",
      monthEnd: "2026-12-01T00:00:00.000Z",
      monthlyCapBytes: 200_000_000_000,
    },
    bytesPerSecond: 2_500_000,
    policy: {
      rules: ["reject mail", "accept web-only"],
      acceptedPorts: [
        { first: 80, last: 80 },
        { first: 443, last: 443 },
      ],
    },
    refusals: [
      { by: "rule 1", count: 301 },
      { by: "list drop", count: 12 },
    ],
    blocklists: [{ name: "drop", state: "loaded", entries: 1_024, unread: 3, loadedAt: "2026-11-20T09:00:00.000Z" }],
    log: { state: "writing", records: 120_352, bytes: 23_000_000, lost: 0 },
    warnings: [],
    ...changes,
  };
}
