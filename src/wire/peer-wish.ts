import type { NetworkKind } from "./advertisement.ts";

/** What sort of nodes someone looks for. Absent asks for nothing; of a list one is enough, except of `roles` and `protocols`: all of them. */
export interface PeerWish {
  /** ISO 3166-1 alpha-2, lower case. */
  readonly countries?: readonly string[];
  readonly roles?: readonly string[];
  readonly protocols?: readonly string[];
  readonly asns?: readonly number[];
  readonly networks?: readonly NetworkKind[];
  /** Peer ids. */
  readonly peers?: readonly string[];
}
