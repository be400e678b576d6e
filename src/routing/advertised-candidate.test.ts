import assert from "node:assert/strict";
import { test } from "node:test";
import { knownPeer } from "../../test/support/known-peer.ts";
import { directTo } from "../link/direct-way.ts";
import type { ReportedBy } from "../peers/stored-peer.ts";
import { advertisedCandidate } from "./advertised-candidate.ts";

const { advertisement, envelope } = knownPeer("k51peer", {
  roles: ["exit"],
  endpoints: [
    { host: "8.8.4.4", port: 1 },
    { host: "2001:db8::1", port: 2 },
  ],
  country: "de",
  family: ["mine"],
  protocols: ["tcp"],
});

test("a candidate is what the advertisement says, at its first endpoint", () => {
  assert.deepEqual(advertisedCandidate({ advertisement, envelope }, { sharedNetworks: false }), {
    peerId: "k51peer",
    ways: [directTo({ host: "8.8.4.4", port: 1 })],
    roles: ["exit"],
    protocols: ["tcp"],
    acceptedPorts: [],
    networkKind: "unknown",
    country: "de",
    family: ["mine"],
    network: "8.8",
    subnet: "8.8.4",
    shown: envelope,
  });
});

test("only what the client's owner handed in is shown to other hops", () => {
  const shown = (reportedBy: ReportedBy) =>
    advertisedCandidate({ advertisement, envelope, reportedBy }, { sharedNetworks: false })?.shown;
  assert.equal(shown({ kind: "file" }), envelope);
  for (const kind of ["bootstrap", "exchange", "gossip", "dht", "link"] as const) {
    assert.equal(shown({ kind, peer: "k51other" }), undefined, kind);
  }
});

test("who tells of itself is named by nobody, whatever others said before", () => {
  const namedIn = ["203.0", "198.51"];
  const named = (reportedBy: ReportedBy) =>
    advertisedCandidate({ advertisement, envelope, reportedBy, namedIn }, { sharedNetworks: false })?.namedIn;
  assert.deepEqual(named({ kind: "exchange", peer: "k51peer" }), []);
  assert.deepEqual(named({ kind: "exchange", peer: "k51other" }), namedIn);
  assert.equal(named({ kind: "file" }), undefined);
});

test("networks may be shared where the user says so, and who has no endpoint is no candidate", () => {
  assert.equal(advertisedCandidate({ advertisement, envelope }, { sharedNetworks: true })?.network, undefined);
  assert.equal(
    advertisedCandidate({ advertisement: { ...advertisement, endpoints: [] }, envelope }, { sharedNetworks: true }),
    undefined,
  );
});
