import { FakeClock } from "../../src/core/fake-clock.ts";
import type { Vouch } from "../../src/liveness/check-pauses.ts";
import {
  HealthChecker,
  type HealthCheckerComponents,
  type HealthCheckerOptions,
} from "../../src/liveness/health-checker.ts";
import { fitsQuery } from "../../src/peers/fits-query.ts";
import type { KnownPeer } from "../../src/peers/known-peer.ts";

/** A health checker whose checks end when the test says so. */
export interface Checks {
  readonly clock: FakeClock;
  readonly checker: HealthChecker;
  readonly known: Map<string, KnownPeer>;
  /** Peers that are being asked, and how to answer for them. */
  readonly asked: Map<
    string,
    {
      readonly thorough: boolean;
      readonly isFar: boolean;
      connect(): void;
      answer(rttMs: number | undefined): void;
      refuse(): void;
    }
  >;
  readonly told: [string, number | undefined][];
  /** What `onUsable` has told so far: the usable peers, as they were told of last. */
  readonly mirror: Map<string, KnownPeer>;
  /** How often it was told of a peer, for what. */
  readonly changes: [string, boolean][];
  /** How often nodes were looked for. */
  draws(): number;
}

/** A checker of `nodes` that is not started yet; all may stand at one address, unless `options` say otherwise. */
export function checks(
  nodes: readonly KnownPeer[],
  options: HealthCheckerOptions & {
    readonly vouchOf?: (peer: string) => Vouch;
    readonly canCheckFar?: () => boolean;
  } = { isSharedNetwork: true },
): Checks {
  const clock = new FakeClock();
  const known = new Map(nodes.map((node) => [node.advertisement.peer, node]));
  const asked: Checks["asked"] = new Map();
  const told: Checks["told"] = [];
  const mirror: Checks["mirror"] = new Map();
  let draws = 0;
  const changes: Checks["changes"] = [];
  const components: HealthCheckerComponents = {
    clock,
    vouchOf: options.vouchOf,
    canCheckFar: options.canCheckFar,
    check: ({ advertisement: { peer } }, way, signal, onConnected) =>
      new Promise((resolve, reject) => {
        const done = (): boolean => asked.delete(peer);
        asked.set(peer, {
          ...way,
          connect: onConnected,
          answer: (rttMs) => done() && resolve(rttMs),
          refuse: () => done() && reject(new Error("no answer")),
        });
        signal.addEventListener("abort", () => done() && reject(signal.reason));
      }),
    get: (peer) => known.get(peer),
    draw: (query, count, except) => {
      draws += 1;
      return [...known.values()]
        .filter((node) => fitsQuery(node, query) && !except(node.advertisement.peer))
        .slice(0, count);
    },
    onChecked: (peer, rttMs) => told.push([peer, rttMs]),
    onUsable: (node, usable) => {
      changes.push([node.advertisement.peer, usable]);
      if (usable) mirror.set(node.advertisement.peer, node);
      else mirror.delete(node.advertisement.peer);
    },
  };
  const checker = new HealthChecker(components, options);
  return { clock, checker, known, asked, told, mirror, changes, draws: () => draws };
}
