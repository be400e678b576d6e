/** How often a client searched the network since it started, as `byway requests` shows it. */
export interface SearchReport {
  /** Searches that began, because no known node fitted a request. */
  readonly begun: number;
  /** Those that found none. */
  readonly vain: number;
  /** Requests that were refused without a search, since one like it was in vain a moment ago. */
  readonly spared: number;
}
