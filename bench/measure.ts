import { fetchThrough } from "./load-program.ts";
import type { Contender, World } from "./peers/peer.ts";
import { cpuSeconds, residentBytes } from "./process-family.ts";
import type { Site } from "./site.ts";

/** One big download. */
export interface DownloadRun {
  readonly megabytesPerSecond: number;
  /** CPU seconds of client and hops for each 10⁹ bytes. */
  readonly cpuSecondsPerGb: number;
  /** Resident bytes of client and hops right after it. */
  readonly residentBytes: number;
}

/** Many small requests, each a stream of its own. */
export interface StreamsRun {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  /** CPU milliseconds of client and hops for each stream. */
  readonly cpuMsPerStream: number;
}

/** A contender and what was measured of it, one entry a round. */
export interface Measured {
  readonly contender: Contender;
  readonly downloads: DownloadRun[];
  readonly streams: StreamsRun[];
}

/** How long a run may take and how often it is done. */
export interface Plan {
  readonly rounds: number;
  /** What one run of one contender should take in seconds; amounts are chosen after a first run. */
  readonly seconds: number;
  /** Streams open at once. */
  readonly width: number;
}

interface Sized extends Measured {
  readonly bytes: number;
  readonly count: number;
}

const ANSWER_BYTES = 100;
const FIRST_BYTES = 4e6;
const MOST_BYTES = 16e9;
const MOST_STREAMS = 20_000;
const ENOUGH_SECONDS = 0.25;

/** What it takes to keep a contender busy for `seconds`, found by asking for more and more. This warms it up, too. */
async function size(site: Site, world: World, contender: Contender, plan: Plan): Promise<Sized> {
  const enough = Math.min(ENOUGH_SECONDS, plan.seconds);
  let [bytes, byteRate] = [FIRST_BYTES, 0];
  for (; byteRate === 0; bytes *= 4) {
    const { seconds } = await fetchThrough(site, world.load, contender, { path: `/${bytes}`, total: 1, width: 1 });
    if (seconds >= enough || bytes >= MOST_BYTES) byteRate = bytes / seconds;
  }
  let [count, streamRate] = [plan.width * 2, 0];
  for (; streamRate === 0; count *= 4) {
    const amount = { path: `/${ANSWER_BYTES}`, total: count, width: plan.width };
    const { seconds } = await fetchThrough(site, world.load, contender, amount);
    if (seconds >= enough || count >= MOST_STREAMS) streamRate = count / seconds;
  }
  return {
    contender,
    downloads: [],
    streams: [],
    bytes: Math.round(Math.min(MOST_BYTES, byteRate * plan.seconds)),
    count: Math.round(Math.min(MOST_STREAMS, Math.max(plan.width * 2, streamRate * plan.seconds))),
  };
}

async function download(site: Site, world: World, { contender, bytes }: Sized): Promise<DownloadRun> {
  const before = cpuSeconds(contender.pids);
  const result = await fetchThrough(site, world.load, contender, { path: `/${bytes}`, total: 1, width: 1 });
  const used = cpuSeconds(contender.pids) - before;
  return {
    megabytesPerSecond: result.bytes / result.seconds / 1e6,
    cpuSecondsPerGb: used / (result.bytes / 1e9),
    residentBytes: residentBytes(contender.pids),
  };
}

async function streams(site: Site, world: World, { contender, count }: Sized, width: number): Promise<StreamsRun> {
  const before = cpuSeconds(contender.pids);
  const result = await fetchThrough(site, world.load, contender, { path: `/${ANSWER_BYTES}`, total: count, width });
  const used = cpuSeconds(contender.pids) - before;
  return {
    perSecond: result.streams / result.seconds,
    p50Ms: result.p50Ms,
    p95Ms: result.p95Ms,
    p99Ms: result.p99Ms,
    cpuMsPerStream: (used * 1000) / result.streams,
  };
}

/**
 * Measures the contenders in turns, every second round backwards, so that none is always first. One that fails is told
 * to `lost` and left out.
 */
export async function measureAll(
  site: Site,
  world: World,
  contenders: readonly Contender[],
  plan: Plan,
  lost: (name: string, reason: string) => void,
): Promise<readonly Measured[]> {
  let sized: readonly Sized[] = [];
  const attempt = async (contender: Contender, act: () => Promise<void>): Promise<void> => {
    try {
      await act();
    } catch (error) {
      site.signal.throwIfAborted();
      lost(contender.name, error instanceof Error ? error.message : String(error));
      sized = sized.filter((other) => other.contender !== contender);
    }
  };
  for (const contender of contenders)
    await attempt(contender, async () => {
      const one = await size(site, world, contender, plan);
      sized = [...sized, one];
    });
  for (let round = 0; round < plan.rounds; round += 1) {
    const order = round % 2 === 0 ? sized : sized.toReversed();
    for (const one of order)
      await attempt(one.contender, async () => {
        one.downloads.push(await download(site, world, one));
      });
    for (const one of order)
      await attempt(one.contender, async () => {
        one.streams.push(await streams(site, world, one, plan.width));
      });
  }
  return sized;
}
