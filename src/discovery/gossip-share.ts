import type { Random } from "../core/random.ts";
import { DISCOVERY_LIMITS } from "./limits.ts";

/** The gossip topic of a country; the overlay puts the network before it. */
export function freshTopic(country: string): string {
  return `fresh/1/${country}`;
}

/**
 * The share of its renewals that a node of a country with `estimatedNodes` puts into gossip: so many that all nodes
 * together send `gossipPerPeriod` messages in a renewal period, however many they are; all of them in a small country.
 * A first advertisement is drawn for like any other, else everyone's coming home at once would be a flood.
 */
export function gossipShare(estimatedNodes: number): number {
  return Math.min(1, DISCOVERY_LIMITS.gossipPerPeriod.value / Math.max(1, estimatedNodes));
}

/** Whether to put this renewal into gossip. */
export function drawsGossip(estimatedNodes: number, random: Random): boolean {
  return random.float() < gossipShare(estimatedNodes);
}
