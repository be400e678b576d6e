import { seededRandom } from "../../src/core/random.ts";
import { type AttackFigures, measureAttack } from "./attack.ts";
import { CHECK_WAYS, type ChurnFigures, measureChurn } from "./churn.ts";
import { costsOf } from "./costs.ts";
import { freshnessOf } from "./freshness.ts";
import { type IndexFigures, measureIndex, measureRush } from "./index-growth.ts";
import { LOOK_UP_WAYS, type LookUpFigures, mean, measureLookUps } from "./look-ups.ts";
import { ASSUMPTIONS } from "./messages.ts";
import { HOSTILE_SHAPES } from "./population.ts";
import type { Results } from "./results.ts";

/** How large a model to play. */
export interface ModelSizes {
  readonly peers: readonly number[];
  readonly lookUps: number;
  readonly rush: number;
  readonly churnRounds: number;
  readonly honest: number;
  readonly clients: number;
}

/** The sizes of the written report. */
export const FULL_SIZES: ModelSizes = {
  peers: [1_000, 10_000, 100_000, 1_000_000],
  lookUps: 300,
  rush: 10_000,
  churnRounds: 10,
  honest: 500,
  clients: 20,
};

/** Hostile identities to one honest one, as was seen in another network in 2026. */
const HOSTILE_TO_ONE = 39;
/** The way of looking up that the overlay is set to. */
const OUR_WAY = "Kademlia buckets, 3 paths";
const RUSH_MINUTES: readonly number[] = [1, 2, 5, 10, 15, 30, 60, 120];

type Parts = Omit<Results, "date" | "commit" | "seconds" | "libp2p">;

/** Plays everything that needs no sockets; the same figures for the same seed. */
export async function playModel(sizes: ModelSizes, seed: number, say: (line: string) => void): Promise<Parts> {
  const lookUps: LookUpFigures[] = [];
  for (const peers of sizes.peers) {
    say(`look-ups among ${peers}`);
    for (const way of LOOK_UP_WAYS) lookUps.push(measureLookUps(peers, way, seededRandom(seed), sizes.lookUps));
  }
  const index: IndexFigures[] = [];
  for (const peers of sizes.peers) {
    say(`an index of ${countryOf(peers)}`);
    index.push(await measureIndex(countryOf(peers), seededRandom(seed)));
  }
  say(`a rush of ${sizes.rush}`);
  const rush = await measureRush(sizes.rush, RUSH_MINUTES, seededRandom(seed));
  say("churn");
  const churn = [0, 0.7].flatMap((saidGoodbye) => CHECK_WAYS.map((way) => churnOf(way, saidGoodbye, sizes, seed)));
  const attacks: AttackFigures[] = [];
  for (const shape of HOSTILE_SHAPES) {
    for (const withRules of [false, true]) {
      say(`attack from ${shape.name}, ${withRules ? "with" : "without"} rules`);
      const { honest, clients } = sizes;
      const hostile = HOSTILE_TO_ONE * honest;
      attacks.push(await measureAttack({ honest, hostile, shape, withRules, clients }, seededRandom(seed)));
    }
  }
  const ours = lookUps.filter(({ way }) => way === OUR_WAY);
  const withIndex = ours.map((figures, at) => ({ figures, index: index[at] ?? emptyIndex() }));
  return {
    lookUps,
    index,
    rush,
    churn,
    attacks,
    freshness: withIndex.map((one) => freshnessOf(one.figures, one.index, countryOf(one.figures.peers))),
    costs: withIndex.flatMap((one) => costsOf(one.figures, one.index.readsWarm)),
    assumptions: ASSUMPTIONS,
  };
}

function countryOf(peers: number): number {
  return Math.round(peers * ASSUMPTIONS.countryShare.value);
}

function churnOf(
  way: (typeof CHECK_WAYS)[number],
  saidGoodbye: number,
  { churnRounds }: ModelSizes,
  seed: number,
): Results["churn"][number] {
  const rounds = Array.from({ length: churnRounds }, (_, at) =>
    measureChurn(way, seededRandom(seed + at), { saidGoodbye }),
  );
  const of = (figure: (one: ChurnFigures) => number): number => mean(rounds.map(figure));
  return {
    way: way.name,
    saidGoodbye,
    alive: of((one) => one.alive),
    worstMinute: of((one) => one.worstMinute),
    choice: of((one) => one.choice),
    leastChoice: of((one) => one.leastChoice),
    checksAtRest: of((one) => one.checksAtRest),
    checksInChurn: of((one) => one.checksInChurn),
  };
}

function emptyIndex(): IndexFigures {
  throw new Error("there is no index of that size");
}
