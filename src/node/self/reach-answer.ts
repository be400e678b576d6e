import type { BywayError } from "../../core/errors.ts";

/** What asking one relay for this node gave. */
export type ReachAnswer =
  /** The relay connected, and this node proved its key over that connection. */
  | { readonly found: "reached" }
  /** The relay did its part, and did not find this node. */
  | { readonly found: "missed"; readonly error: BywayError }
  /** The relay itself failed or did not want to; says nothing of this node. */
  | { readonly found: "nothing"; readonly error: BywayError };

/** Asks one relay. Never rejects, also when it is aborted. */
export type AskRelay<Peer> = (relay: Peer, signal: AbortSignal) => Promise<ReachAnswer>;
