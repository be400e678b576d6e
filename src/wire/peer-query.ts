import type { NetworkKind } from "./advertisement.ts";

/**
 * The kind of nodes that somebody looks for. A node fits if it has one item of each list, and all of `roles` and `protocols`.
 * An absent list asks for nothing. No node fits an empty list.
 */
export interface PeerQuery {
  /** ISO 3166-1 alpha-2, lower case. */
  readonly countries?: readonly string[];
  /** Regions by name or code, with or without the country before it; in any spelling (`regionMatches` of geo). */
  readonly regions?: readonly string[];
  /** Cities, in any spelling (`foldName` of geo). */
  readonly cities?: readonly string[];
  /** Providers by whole name or by its first words, in any spelling (`ispPrefixes` of geo). */
  readonly isps?: readonly string[];
  readonly roles?: readonly string[];
  readonly protocols?: readonly string[];
  readonly asns?: readonly number[];
  readonly networks?: readonly NetworkKind[];
  /** Peer ids. */
  readonly peers?: readonly string[];
}
