import assert from "node:assert/strict";
import { test } from "node:test";
import { EXPLAINED, shownPeer } from "../../test/support/explained.ts";
import type { ExplainedCandidate } from "../routing/explanation.ts";
import { explanationText, funnelText, pickText } from "./pick-report.ts";

const TEXT = [
  "As the client that runs here would choose now.",
  "",
  "Nodes that each constraint left:",
  "  100000  nodes  ########################################",
  "   40000  exits  ################",
  "      12  in us  #",
  "",
  "The exit is one of 12; these 2 are the likeliest.",
  "Preset balanced; weights: trust 4, latency 3, availability 2, load 1.",
  "  chance  score  trust  latency  avail.  load  seen  mbps  node     place",
  "  62.5 %  0.81   0.90   0.70     1.00    0.40  42    200   …aaaaaa  us AS7922 New York",
  "   0.5 %  0.50   0.50   0.50     0.50    0.50  -     10    …bbbbbb  -",
  "",
  "The hops, guard first:",
  `  1  ${shownPeer("g")}`,
  "     a guard that was chosen before",
  `  2  ${shownPeer("m")}`,
  "     any that is not related to the others",
  `  3  ${shownPeer("a")}`,
  "     drawn among the best, by score and capacity",
  "",
];

test("a choice is told with its funnel, its candidates and its draw", () => {
  assert.deepEqual(pickText(EXPLAINED, "running").split("\n"), TEXT);
  assert.match(pickText(EXPLAINED, "stored"), /^No client runs here: chosen from the stored nodes/);
});

test("an exit that chance did not decide on is not told as drawn", () => {
  const last = { peerId: shownPeer("a"), rule: "session" } as const;
  const text = explanationText({ ...EXPLAINED, drawnFrom: 1, hops: [last] });
  assert.match(text, /^The exit was not drawn by chance\.$/m);
  assert.match(explanationText({ ...EXPLAINED, drawnFrom: 1 }), /^One exit fits\.$/m);
});

test("an empty step of a funnel has no bar, one that left few has one", () => {
  const steps = [
    { left: 1_000_000, what: "nodes" },
    { left: 1, what: "exits" },
    { left: 0, what: "in zz" },
  ];
  assert.deepEqual(funnelText(steps).split("\n"), [
    `  1000000  nodes  ${"#".repeat(40)}`,
    "        1  exits  #",
    "        0  in zz",
    "",
  ]);
  assert.equal(funnelText([]), "");
  assert.equal(funnelText([{ left: 0, what: "nodes" }]), "     0  nodes\n");
});

test("whatever nodes and users write, a line has at most 100 columns and no control characters", () => {
  const hostile = "\u001b[2J\r\n\u009b".repeat(50);
  const long: ExplainedCandidate = {
    peerId: shownPeer("z"),
    country: hostile,
    city: hostile,
    asn: 4_294_967_295,
    score: 1,
    parts: { trust: 1, latency: 1, availability: 1, load: 1 },
    observations: 123_456,
    mbps: 200,
    share: 0.0001,
  };
  const text = explanationText({
    ...EXPLAINED,
    funnel: [{ left: 1_000_000, what: hostile }],
    candidates: Array.from({ length: 16 }, () => long),
    drawnFrom: 1_000_000,
  });
  for (const line of text.split("\n")) {
    assert.match(line, /^\P{Cc}*$/u);
    assert.ok(line.length <= 100, `${line.length}: ${line}`);
  }
  assert.match(text, /^ +<0\.1 % /m);
});
