import { gossipShare } from "../../src/discovery/gossip-share.ts";
import type { IndexFigures } from "./index-growth.ts";
import type { LookUpFigures } from "./look-ups.ts";
import { ASSUMPTIONS as A } from "./messages.ts";

/** How soon a new advertisement is found. */
export interface Freshness {
  readonly peers: number;
  /** Nodes of the country that is looked at. */
  readonly country: number;
  /** Seconds until it lies in the DHT, and until anyone who asks for it by id has it then. */
  readonly putSec: number;
  readonly getSec: number;
  /** Seconds until it is named in the index, and what one search takes then. */
  readonly namedSec: number;
  readonly searchSec: number;
  /** Seconds until all hearers of the topic have it, if it goes into gossip; and the chance of that. */
  readonly gossipSec: number;
  readonly gossipChance: number;
  /** Share of the clients that look at the country which hold it after an hour, by all ways together. */
  readonly knownAfterHour: number;
}

/** Reckons from look-ups and searches that were played, and the delays that are assumed. */
export function freshnessOf(lookUps: LookUpFigures, index: IndexFigures, country: number): Freshness {
  const { peers, hops } = lookUps;
  const isDialled = Math.max(0, 1 - A.connected.value / peers);
  const roundTripSec = (2 * A.oneWayMs.value) / 1_000;
  const hopSec = roundTripSec * (1 + isDialled * (A.dialRoundTrips.value - 1));
  // Of 20 that store, ten are asked at a time.
  const walkSec = hops * hopSec + 2 * hopSec;
  const hearers = country * (1 + A.clientsPerNode.value);
  const rounds = Math.max(1, Math.log(hearers) / Math.log(A.meshCopies.value));
  const gossipChance = gossipShare(country);
  const periods = 4;
  const missedByGossip = (1 - gossipChance) ** periods;
  const missedByIndex = (1 - Math.min(1, index.found / index.nodes)) ** A.searchesPerHour.value;
  const missedByAsking = (1 - Math.min(1, A.askAnswer.value / country)) ** A.asksPerHour.value;
  return {
    peers,
    country,
    putSec: walkSec,
    getSec: walkSec,
    namedSec: index.readsToJoin * walkSec + walkSec,
    searchSec: index.readsWarm * walkSec,
    gossipSec: (rounds * (A.oneWayMs.value + A.validateMs.value)) / 1_000,
    gossipChance,
    knownAfterHour: 1 - missedByGossip * missedByIndex * missedByAsking,
  };
}
