import type { Random } from "../../src/core/random.ts";
import type { Crowd } from "../../src/peers/spread.ts";

/** A node as the attack sees it. */
export interface Inhabitant extends Required<Crowd> {
  readonly name: string;
  readonly isHostile: boolean;
  readonly network: string;
  readonly asn: number;
  /** IPv4, in `network`. */
  readonly address: string;
}

/** From where hostile identities come. */
export interface HostileShape {
  readonly name: string;
  /** Given how many networks and ASes the honest ones have. */
  readonly of: (networks: number, systems: number) => { readonly networks: number; readonly systems: number };
}

/** The crowds that are compared. */
export const HOSTILE_SHAPES: readonly HostileShape[] = [
  { name: "4 networks in 2 ASes", of: () => ({ networks: 4, systems: 2 }) },
  { name: "as many networks and ASes as the honest", of: (networks, systems) => ({ networks, systems }) },
  {
    name: "ten times as many networks and ASes",
    of: (networks, systems) => ({ networks: 10 * networks, systems: 10 * systems }),
  },
];

const HONEST_SYSTEMS = 80;

/** `honest` nodes in 80 ASes whose sizes follow Zipf's law, one /16 for each two nodes of an AS, and hostile ones from elsewhere. */
export function populate(honest: number, hostile: number, shape: HostileShape, random: Random): readonly Inhabitant[] {
  const good = Array.from({ length: honest }, (_, at) => {
    const system = zipf(random.float(), HONEST_SYSTEMS);
    const networks = Math.max(1, Math.round(honest / 2 / harmonic(HONEST_SYSTEMS) / system));
    return inhabitant(at, false, system, system * 1_000 + Math.floor(random.float() * networks));
  });
  const networks = new Set(good.map((one) => one.network)).size;
  const systems = new Set(good.map((one) => one.asn)).size;
  const from = shape.of(networks, systems);
  const bad = Array.from({ length: hostile }, (_, at) => {
    const network = at % from.networks;
    return inhabitant(at, true, 1_000 + (network % from.systems), 1_000_000 + network);
  });
  const inTurn = new Map<string, number>();
  const named = [...good, ...bad].map((one) => {
    if (!inTurn.has(one.network)) inTurn.set(one.network, inTurn.size);
    const place = inTurn.get(one.network) ?? 0;
    // Networks get the first /16s in turn; which ones does not matter.
    const network = `${place >> 8}.${place & 255}`;
    return { ...one, network, address: `${network}.0.1` };
  });
  return named;
}

function inhabitant(at: number, isHostile: boolean, asn: number, network: number): Inhabitant {
  const name = `${isHostile ? "hostile" : "honest"}-${at}`;
  return { name, isHostile, asn, network: `${network}`, address: "" };
}

function harmonic(count: number): number {
  return Array.from({ length: count }, (_, at) => 1 / (at + 1)).reduce((sum, part) => sum + part, 0);
}

/** 1 to `count`, the n-th with a chance in proportion to 1/n. */
function zipf(chance: number, count: number): number {
  let left = chance * harmonic(count);
  for (let rank = 1; rank < count; rank += 1) {
    left -= 1 / rank;
    if (left < 0) return rank;
  }
  return count;
}
