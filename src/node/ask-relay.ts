import { abortReason, deadline } from "../core/abort.ts";
import type { Clock } from "../core/clock.ts";
import { BywayError, toBywayError } from "../core/errors.ts";
import type { ByteBudget } from "../flow/byte-budget.ts";
import { type PeerId, parsePeerId } from "../identity/peer-id.ts";
import type { Link } from "../link/link.ts";
import { openLink } from "../link/open-link.ts";
import { reachPeer } from "../link/reach-peer.ts";
import { TcpTransport } from "../link/tcp-transport.ts";
import { WayDialler } from "../link/way-dialler.ts";
import type { KnownPeer } from "../peers/known-peer.ts";
import { formatHopAuthority } from "../wire/hop-authority.ts";
import { publicWays } from "./public-ways.ts";
import { SELF_LIMITS } from "./self/limits.ts";
import type { AskRelay, ReachAnswer } from "./self/reach-answer.ts";
import { isOfNextHop } from "./self/reach-reason.ts";

/**
 * A function that has a relay connect to this node (docs/protocol.md §5), and opens a link to itself over it: the relay may
 * remember a proof of an hour ago, or lie. It never dials a private address, except in a local network.
 */
export function askRelay(
  components: {
    readonly clock: Clock;
    readonly budget: ByteBudget;
    /** This node's newest advertisement. */
    readonly envelope: () => Uint8Array;
  },
  options: {
    readonly self: PeerId;
    readonly localNetwork?: boolean | undefined;
    readonly allowClassical?: boolean | undefined;
  },
): AskRelay<KnownPeer> {
  const { self, localNetwork = false, allowClassical = false } = options;

  const { clock, budget } = components;
  const dialler = new WayDialler({ clock, budget, transport: new TcpTransport({ clock }) });

  const openRelay = async (relay: KnownPeer, signal: AbortSignal): Promise<Link> => {
    const ways = publicWays(relay, { localNetwork, message: "the relay has no public endpoint" });
    const peerId = parsePeerId(relay.advertisement.peer);
    return reachPeer({ clock, budget, dialler }, { peerId, ways, carrier: true, allowClassical, signal });
  };

  /** Over a link that is open. */
  const reachSelf = async (relay: Link, signal: AbortSignal): Promise<ReachAnswer> => {
    const headers = {
      ":method": "CONNECT",
      ":authority": formatHopAuthority(self),
      "byway-advertisement": Buffer.from(components.envelope()).toString("base64url"),
    };
    const pending = relay.open({ headers, toward: "hop", signal });
    try {
      await pending.accepted;
    } catch (error) {
      const known = toBywayError(error);
      pending.stream.on("error", () => {}).destroy();
      // Only a refusal that the relay sent has a status; without one it was the relay that failed.
      return { found: "status" in known.data && isOfNextHop(known.code) ? "missed" : "nothing", error: known };
    }
    try {
      const own = await openLink(components, pending.stream, { peerId: self, allowClassical: true, signal });
      own.destroy();
      await own.closed;
      return { found: "reached" };
    } catch (error) {
      return { found: relay.usable && !signal.aborted ? "missed" : "nothing", error: toBywayError(error) };
    }
  };

  return async (peer, signal) => {
    using limit = deadline(
      components.clock,
      SELF_LIMITS.reachAskMs.value,
      () => new BywayError("ERR_HOP_TIMEOUT", "the relay did not answer"),
      signal,
    );
    let relay: Link | undefined;
    try {
      relay = await openRelay(peer, limit.signal);
      return await reachSelf(relay, limit.signal);
    } catch (error) {
      return { found: "nothing", error: limit.signal.aborted ? abortReason(limit.signal) : toBywayError(error) };
    } finally {
      relay?.destroy();
      await relay?.closed;
    }
  };
}
