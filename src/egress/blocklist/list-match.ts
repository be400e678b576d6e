/** An entry of a blocklist that a target is on. */
export interface ListMatch {
  /** The list's name. */
  readonly list: string;
  /** The entry as the list has it: a name, or a range of addresses. */
  readonly entry: string;
}

/** Blocklists as a policy reads them. */
export interface ListMatcher {
  /** `name` is lower-case ASCII without trailing dot. */
  matchName(name: string): ListMatch | undefined;
  /** `address` in the one spelling of `normaliseHost`. */
  matchAddress(address: string): ListMatch | undefined;
}

/** One blocklist as its operator sees it. Plain JSON. */
export interface BlocklistStatus {
  readonly name: string;
  /** `loaded`, `stale` (the latest refresh failed, an older copy counts) or `missing` (nothing was ever loaded: the exit is closed). */
  readonly state: "loaded" | "stale" | "missing";
  readonly entries: number;
  /** Lines that are neither empty, nor comments, nor entries. */
  readonly unread: number;
  /** ISO 8601; absent while missing. */
  readonly loadedAt?: string;
  /** Why the latest refresh failed. */
  readonly reason?: string;
}
