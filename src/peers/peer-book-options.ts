import type { Quotas } from "./crowd-quotas.ts";

/** How a book is kept. */
export interface PeerBookOptions {
  /** This node's own peer id: its advertisement is not kept. */
  readonly self?: string;
  /** Accept loopback and private endpoints. Default false. */
  readonly localNetwork?: boolean;
  /**
   * Whether what a peer says of itself counts as what others say of it, as among nodes. Otherwise it is taken only while
   * nobody else's word is held, and gives way to any other: a peer could say something else to each client. Default true.
   */
  readonly ownWordCounts?: boolean;
  /** The most peers of one network; default: those of a public network, and none on a local one. */
  readonly quotas?: Quotas | "none";
}
