import type { ProcessSample } from "./process-sample.ts";

/** How much above its plateau a process may end. */
export const MOST_GROWTH = 1.05;

/** What the samples of one process say. */
export interface MemoryVerdict {
  /** Median of the second quarter of the run. */
  readonly plateauBytes: number;
  /** Median of the last tenth. */
  readonly endBytes: number;
  readonly mostBytes: number;
  readonly growth: number;
  readonly ok: boolean;
}

/** Judges whether memory stayed on its plateau; `samples` were taken at equal times over the whole run. */
export function judgeMemory(samples: readonly ProcessSample[]): MemoryVerdict {
  const rss = samples.map((sample) => sample.rssBytes);
  const quarter = Math.floor(rss.length / 4);
  const plateauBytes = median(rss.slice(quarter, 2 * quarter + 1));
  const endBytes = median(rss.slice(-Math.max(1, Math.floor(rss.length / 10))));
  const growth = endBytes / plateauBytes;
  return { plateauBytes, endBytes, mostBytes: Math.max(...rss), growth, ok: growth <= MOST_GROWTH };
}

function median(figures: readonly number[]): number {
  return figures.toSorted((a, b) => a - b)[Math.floor(figures.length / 2)] ?? Number.NaN;
}
