import type { Duplex } from "node:stream";
import { abortReason } from "../../src/core/abort.ts";
import { BywayError } from "../../src/core/errors.ts";
import type { PeerId } from "../../src/identity/peer-id.ts";
import { MemoryPipe } from "../../src/link/memory-pipe.ts";
import type { Way, WayKind } from "../../src/link/way.ts";

/** A way through another that is named in it, as through a relay; only its kind reads that name. */
export interface NamedWay extends Way {
  readonly kind: "named";
  readonly via: string;
}

/** A kind of way inside this process: who carries is found by name, and carries to peers by their ids. */
export class NamedWays implements WayKind<NamedWay> {
  readonly kind = "named";
  readonly #carriers = new Map<string, Map<PeerId, (far: Duplex) => void>>();
  /** By whom each connection was tried, in order. */
  readonly tried: string[] = [];

  /** From now on `via` carries to `peerId`, whose end of each connection goes to `onConnection`. */
  hold(via: string, peerId: PeerId, onConnection: (far: Duplex) => void): NamedWay {
    const held = this.#carriers.get(via) ?? new Map<PeerId, (far: Duplex) => void>();
    this.#carriers.set(via, held.set(peerId, onConnection));
    return this.way(via);
  }

  /** From now on `via` carries to nobody. */
  release(via: string): void {
    this.#carriers.delete(via);
  }

  way(via: string): NamedWay {
    return { kind: "named", at: { host: "192.0.2.1", port: 443 }, via };
  }

  offered(): readonly NamedWay[] {
    return [...this.#carriers.keys()].map((via) => this.way(via));
  }

  async reach(_components: unknown, { via }: NamedWay, peerId: PeerId, signal: AbortSignal): Promise<Duplex> {
    if (signal.aborted) throw abortReason(signal);
    this.tried.push(via);
    const onConnection = this.#carriers.get(via)?.get(peerId);
    if (onConnection === undefined) throw new BywayError("ERR_HOP_UNKNOWN", `${via} does not hold the peer`);
    const [near, far] = MemoryPipe.pair();
    onConnection(far);
    return near;
  }
}
