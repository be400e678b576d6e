import type { Explanation } from "../../src/routing/explanation.ts";

/** A peer id in form, of which `letter` tells which. */
export function shownPeer(letter: string): string {
  return `k51${letter.repeat(59)}`;
}

/** An explanation of three hops with two candidates and a funnel of three steps. */
export const EXPLAINED: Explanation = {
  funnel: [
    { left: 100_000, what: "nodes" },
    { left: 40_000, what: "exits" },
    { left: 12, what: "in us" },
  ],
  preset: "balanced",
  weights: { trust: 4, latency: 3, availability: 2, load: 1 },
  candidates: [
    {
      peerId: shownPeer("a"),
      country: "us",
      city: "New York",
      asn: 7922,
      score: 0.8125,
      parts: { trust: 0.9, latency: 0.7, availability: 1, load: 0.4 },
      observations: 41.5,
      mbps: 200,
      share: 0.625,
    },
    {
      peerId: shownPeer("b"),
      score: 0.5,
      parts: { trust: 0.5, latency: 0.5, availability: 0.5, load: 0.5 },
      observations: 0,
      mbps: 10,
      share: 0.005,
    },
  ],
  drawnFrom: 12,
  hops: [
    { peerId: shownPeer("g"), rule: "guard" },
    { peerId: shownPeer("m"), rule: "search" },
    { peerId: shownPeer("a"), rule: "best" },
  ],
};
