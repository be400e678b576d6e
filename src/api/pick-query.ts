import type { Constraints } from "../routing/constraints.ts";

/** What `byway pick` asks: which nodes a request would be given. */
export interface PickQuery {
  readonly constraints: Constraints;
  /** The target's port. */
  readonly port?: number | undefined;
  readonly protocol?: "tcp" | "udp" | undefined;
  /** Whose request it would be: sessions are their user's own. Default "", somebody without a name. */
  readonly user?: string | undefined;
}
