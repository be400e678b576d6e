import { deadline } from "../core/abort.ts";
import type { Clock } from "../core/clock.ts";
import type { ErrorKind } from "../core/error-table.ts";
import { BywayError, toBywayError } from "../core/errors.ts";
import { LINK_LIMITS } from "./limits.ts";
import type { Link, LinkComponents } from "./link.ts";
import { type OpenLinkOptions, openLink } from "./open-link.ts";
import type { Way } from "./way.ts";
import type { PeerDialler } from "./way-dialler.ts";

/** Kinds of errors that who answers, or nobody, is the reason of: another may answer by another way. */
const FAULTS_OF_THE_WAY: ReadonlySet<ErrorKind> = new Set(["hop", "policy"]);

/** What reaching a peer takes. */
export interface ReachPeerComponents extends LinkComponents {
  readonly dialler: PeerDialler;
}

/** Whom to reach, and by which ways, the ones to try first. */
export interface ReachPeerOptions extends OpenLinkOptions {
  readonly ways: readonly Way[];
  readonly signal: AbortSignal;
  /** Called once, when somebody has accepted a connection, whoever that is. */
  readonly onConnected?: (() => void) | undefined;
}

/**
 * Opens a link to a peer by the first of its ways that leads to it.
 * Throws what the last way that was tried came to, ERR_HOP_UNREACHABLE for a peer without a way, or the abort reason.
 */
export async function reachPeer(components: ReachPeerComponents, options: ReachPeerOptions): Promise<Link> {
  let { onConnected } = options;
  return tryWays(components, options, async (way, signal) => {
    const raw = await components.dialler.reach(way, options.peerId, signal);
    onConnected?.();
    onConnected = undefined;
    return openLink(components, raw, { ...options, signal });
  });
}

/**
 * Returns what `connect` makes of the first way by which it succeeds. When a way fails, or takes longer than `wayMs`, the next
 * one is tried, since who answers there has not proved to be the peer. Errors of this side itself end it. Throws as `reachPeer`.
 */
export async function tryWays<T>(
  { clock }: { readonly clock: Clock },
  { ways, signal }: Pick<ReachPeerOptions, "ways" | "signal">,
  connect: (way: Way, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const tried = ways.slice(0, LINK_LIMITS.waysTried.value);
  const last = tried.pop();
  if (last === undefined) throw new BywayError("ERR_HOP_UNREACHABLE", "the peer has no endpoint");
  for (const way of tried) {
    const late = (): BywayError => new BywayError("ERR_HOP_TIMEOUT", "this way to the hop took too long");
    using limit = deadline(clock, LINK_LIMITS.wayMs.value, late, signal);
    try {
      return await connect(way, limit.signal);
    } catch (error) {
      if (!FAULTS_OF_THE_WAY.has(toBywayError(error).kind)) throw error;
    }
  }
  return connect(last, signal);
}
