import { findProgram } from "./load-program.ts";
import { type LongPipeRow, measureLongPipe } from "./long-pipe.ts";
import { measureRoundTrips, type RoundTripsRow } from "./round-trips.ts";

/** What Byway costs over links with delay. */
export interface DistanceFigures {
  readonly roundTrips: readonly RoundTripsRow[];
  readonly longPipes: readonly LongPipeRow[];
}

// "50 ms links" is 50 ms each way when read hard, and there and back when read softly: both are shown.
const LINK_ROUND_TRIPS_MS = [100, 50];
const BYTES_PER_SECOND = [25e6, 50e6];
// Windows that grow in the first second or two must not decide.
const SECONDS = 8;
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
  for (const linkRoundTripMs of LINK_ROUND_TRIPS_MS) {
    for (const bytesPerSecond of BYTES_PER_SECOND) {
      const plan = { linkRoundTripMs, bytesPerSecond, seconds: SECONDS, runs: RUNS, signal };
      longPipes.push(...(await attempt(pipes, () => measureLongPipe({ ...plan, directions: ["download"] }))));
    }
  }
  return { roundTrips, longPipes };
}
