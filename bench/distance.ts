import { findProgram } from "./load-program.ts";
import { type LongPipeRow, measureLongPipe } from "./long-pipe.ts";
import { measureRoundTrips, type RoundTripsRow } from "./round-trips.ts";

/** What Byway costs over links with delay. */
export interface DistanceFigures {
  readonly roundTrips: readonly RoundTripsRow[];
  readonly longPipes: readonly LongPipeRow[];
}

// "50 ms links" is 50 ms each way when read hard, and there and back when read softly: both are shown.
const PIPES = [
  { linkRoundTripMs: 100, bytesPerSecond: 25e6 },
  { linkRoundTripMs: 100, bytesPerSecond: 50e6 },
  { linkRoundTripMs: 50, bytesPerSecond: 50e6 },
];
// Windows grow in the first second, and the stream itself costs one round trip: neither must decide.
const SECONDS = 12;
const RUNS = 3;
const STREAMS = 9;
const QUICK_STREAMS = 3;

/**
 * Measures round trips and, unless it has to be quick, long pipes. What cannot be measured is told to `lost`. Throws
 * only when `signal` aborts.
 */
export async function measureDistance(
  isQuick: boolean,
  signal: AbortSignal,
  lost: (name: string, reason: string) => void,
): Promise<DistanceFigures> {
  const attempt = async <T>(name: string, measure: () => Promise<readonly T[]>): Promise<readonly T[]> => {
    try {
      return await measure();
    } catch (error) {
      signal.throwIfAborted();
      lost(name, error instanceof Error ? error.message : String(error));
      return [];
    }
  };
  const roundTrips = await attempt("round trips", () =>
    measureRoundTrips({ streams: isQuick ? QUICK_STREAMS : STREAMS, signal }),
  );
  const pipes = "downloads over long links";
  const obstacle = isQuick ? "a quick run has no time for them" : findProgram("curl") ? undefined : "needs curl";
  if (obstacle !== undefined) {
    lost(pipes, obstacle);
    return { roundTrips, longPipes: [] };
  }
  const longPipes: LongPipeRow[] = [];
  for (const pipe of PIPES) {
    const plan = { ...pipe, seconds: SECONDS, runs: RUNS, signal, directions: ["download"] as const };
    longPipes.push(...(await attempt(pipes, () => measureLongPipe(plan))));
  }
  return { roundTrips, longPipes };
}
