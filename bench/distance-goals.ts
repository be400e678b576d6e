import type { DistanceFigures } from "./distance.ts";
import type { LongPipeRow } from "./long-pipe.ts";
import type { Goal } from "./results.ts";
import type { RoundTripsRow } from "./round-trips.ts";

/** What processes may add to a round trip of 100 ms a link. */
const SLACK = 0.15;
const LEAST_RATIO = 0.9;

/**
 * What a run says about P4 and P5. P4 counts round trips between app and target on a circuit that stands, until the
 * first byte of the answer: the question's own is one of them. So an app that waits for its stream needs two, and one
 * that sends the question at once needs one, for which the stream adds none.
 */
export function judgeDistance(figures: DistanceFigures | undefined): readonly Goal[] {
  const roundTrips = [1, 3].flatMap((hops) => {
    const row = figures?.roundTrips.find((one) => one.hops === hops);
    return [
      steps(`${named(hops)}, until the answer of a new stream, question sent at once`, row, "early", 1),
      steps(`${named(hops)}, until the answer of a new stream, stream awaited first`, row, "waiting", 2),
    ];
  });
  const longPipes = figures?.longPipes ?? [];
  if (longPipes.length > 0) return [...roundTrips, ...longPipes.map(pipe)];
  return [...roundTrips, { ...wantedOfPipes("three hops, one big download over links of 50 ms"), ...NOTHING }];
}

const NOTHING = { got: "not measured", met: undefined } as const;

function named(hops: number): string {
  return hops === 1 ? "one hop" : "three hops";
}

function steps(what: string, row: RoundTripsRow | undefined, which: "early" | "waiting", ideal: number): Goal {
  const most = ideal + SLACK;
  const goal = { id: "P4", what, wanted: `≤ ${most.toFixed(2)} round trips` };
  if (row === undefined) return { ...goal, ...NOTHING };
  return { ...goal, got: row[which].toFixed(2), met: row[which] <= most };
}

function wantedOfPipes(what: string): Pick<Goal, "id" | "what" | "wanted"> {
  return { id: "P5", what, wanted: `≥ ${LEAST_RATIO.toFixed(1)} ×` };
}

function pipe({ linkRoundTripMs, bytesPerSecond, ratio }: LongPipeRow): Goal {
  const links = `links of ${linkRoundTripMs / 2} ms each way and ${bytesPerSecond / 1e6} MB/s`;
  return {
    ...wantedOfPipes(`three hops, one big download over ${links}`),
    got: `${ratio.toFixed(2)} × raw TLS`,
    met: ratio >= LEAST_RATIO,
  };
}
