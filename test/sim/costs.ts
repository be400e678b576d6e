import { gossipShare } from "../../src/discovery/gossip-share.ts";
import { DISCOVERY_LIMITS } from "../../src/discovery/limits.ts";
import { PEERS_LIMITS } from "../../src/peers/limits.ts";
import type { LookUpFigures } from "./look-ups.ts";
import { ASSUMPTIONS as A } from "./messages.ts";

/** Bytes an hour that one peer sends and receives for the directory, by what they are for. */
export interface Cost {
  readonly peers: number;
  readonly who: "node" | "client";
  readonly gossip: number;
  /** Look-ups of its own: records, index, upkeep of the table. */
  readonly lookUps: number;
  /** Look-ups of others that it answers. */
  readonly answering: number;
  /** Asking over the exchange, or being asked. */
  readonly exchange: number;
  readonly checks: number;
  readonly total: number;
}

/** What an hour costs a node and a client in a network of `figures.peers` nodes, of which all are in the DHT. */
export function costsOf(figures: LookUpFigures, searchReads: number): readonly Cost[] {
  const { peers, asked } = figures;
  const dial = A.dial.value * Math.max(0, 1 - A.connected.value / peers);
  const closer = A.replicas.value * A.peerEntry.value;
  const query = A.exchange.value + A.request.value + closer + dial;
  const named = Math.min(peers * A.countryShare.value, A.shardPeers.value) * A.peerEntry.value;
  const read = asked * query + A.replicas.value * named;
  const put = asked * query + A.replicas.value * (A.exchange.value + dial / 2 + 2 * (A.envelope.value + 100));
  const provide =
    asked * query + A.replicas.value * (A.exchange.value + dial / 2 + A.request.value + A.peerEntry.value);
  const nodeLookUps =
    A.putsPerHour.value * put +
    A.refreshesPerHour.value * asked * query +
    A.reviewsPerHour.value * (provide + A.reviewReads.value * read);
  const clientLookUps = A.searchesPerHour.value * searchReads * read + A.refreshesPerHour.value * asked * query;
  const country = peers * A.countryShare.value;
  const periodsPerHour = 3_600_000 / PEERS_LIMITS.renewMs.value;
  const messages = country * gossipShare(country) * periodsPerHour;
  const gossip =
    2 * messages * A.meshCopies.value * (A.envelope.value + A.gossipAround.value) +
    2 * A.gossipControl.value * Math.min(1, messages / (DISCOVERY_LIMITS.gossipPerPeriod.value * periodsPerHour));
  const ask = A.exchange.value + 200 + A.askAnswer.value * (A.envelope.value + 3) + dial;
  const exchange = A.asksPerHour.value * ask;
  const checks = A.usable.value * A.checksPerHour.value * A.ping.value + A.openingsPerHour.value * A.linkOpening.value;
  const clients = A.clientsPerNode.value;
  return [
    cost(peers, "node", {
      gossip,
      lookUps: nodeLookUps,
      answering: nodeLookUps + clients * clientLookUps,
      exchange: clients * exchange,
      checks: clients * checks,
    }),
    cost(peers, "client", { gossip, lookUps: clientLookUps, answering: 0, exchange, checks }),
  ];
}

function cost(peers: number, who: Cost["who"], parts: Omit<Cost, "peers" | "who" | "total">): Cost {
  return { peers, who, ...parts, total: Object.values(parts).reduce((sum, part) => sum + part, 0) };
}
