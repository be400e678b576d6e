import type { NetworkKind } from "./advertisement.ts";

/** What sort of nodes someone looks for. Absent asks for nothing; of a list one is enough, except of `roles` and `protocols`: all of them. A list with nothing in it is fitted by nobody. */
export interface PeerWish {
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
