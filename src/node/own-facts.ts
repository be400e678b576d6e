import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/logger.ts";
import type { HostPort } from "../core/network-address.ts";
import type { Random } from "../core/random.ts";
import { BYTES_PER_MBIT } from "../core/units.ts";
import { VERSION } from "../core/version.ts";
import { EGRESS_LIMITS } from "../egress/limits.ts";
import type { AdvertisedPolicy } from "../egress/policy/advertised-policy.ts";
import type { ByteBudget } from "../flow/byte-budget.ts";
import type { Bandwidth } from "../link/measure-bandwidth.ts";
import type { PeerBook } from "../peers/peer-book.ts";
import type { PeerStore } from "../peers/peer-store.ts";
import { RELAY_LIMITS } from "../relay/limits.ts";
import type { LinkService } from "./link-service.ts";
import { measurePeer } from "./measure-peer.ts";
import type { NodeOptions } from "./node-options.ts";
import type { AdvertisedFacts } from "./self/advertiser.ts";
import { BandwidthRecord } from "./self/bandwidth-record.ts";
import { KeyWatch } from "./self/key-watch.ts";
import { SELF_LIMITS } from "./self/limits.ts";
import { LoadSampler } from "./self/load-sampler.ts";
import { SeenAddresses, type SeenWord } from "./self/seen-addresses.ts";

/** The names under which the store keeps what was measured, where others saw the node, and what numbers it signed. */
const BANDWIDTH = "bandwidth";
const SEEN = "seen-addresses";
const SIGNED = "signed-numbers";

/** What is known of the node besides its options. */
interface Lived {
  readonly endpoint: HostPort;
  readonly policy: AdvertisedPolicy;
  readonly upSinceSec: number;
  readonly load: number;
  readonly bandwidth: Bandwidth | undefined;
  readonly availability: AdvertisedFacts["availability"];
}

/** What a node advertises of itself now. */
export function ownFacts(options: NodeOptions, lived: Lived): AdvertisedFacts {
  const { claims, family, roles, capacityMbps = Number.POSITIVE_INFINITY } = options;
  const { bandwidth, availability } = lived;
  const { perGib, perRequest } = options.price ?? {};
  return {
    ...claims,
    ...(family === undefined || family.length === 0 ? {} : { family }),
    ...(availability === undefined ? {} : { availability }),
    ...(bandwidth === undefined
      ? {}
      : { upMbps: Math.min(bandwidth.upMbps, capacityMbps), downMbps: Math.min(bandwidth.downMbps, capacityMbps) }),
    ...(perGib === undefined && perRequest === undefined
      ? {}
      : { price: { microUsdcPerGiB: BigInt(perGib ?? 0), microUsdcPerRequest: BigInt(perRequest ?? 0) } }),
    roles,
    endpoints: [lived.endpoint],
    protocols: lived.policy.protocols,
    policy: { acceptedPorts: lived.policy.acceptedPorts },
    upSinceSec: lived.upSinceSec,
    load: lived.load,
    software: `byway/${VERSION}`,
  };
}

/** Measures the node's line; undefined where there is nobody to measure with, or nothing that the node carries. */
export function createBandwidthRecord(
  components: {
    readonly clock: Clock;
    readonly random: Random;
    readonly logger: Logger;
    readonly budget: ByteBudget;
    /** Where peers are known from, and what is kept over restarts. */
    readonly kept:
      | {
          readonly book: Pick<PeerBook, "find">;
          readonly store: Pick<PeerStore, "readState" | "changeState">;
        }
      | undefined;
    readonly onChange: () => void;
  },
  options: NodeOptions,
): BandwidthRecord | undefined {
  const { identity, roles } = options;
  const { kept } = components;
  if (kept === undefined || !(roles.includes("relay") || roles.includes("exit"))) return undefined;
  const { book, store } = kept;
  return new BandwidthRecord(
    {
      ...components,
      peers: () => book.find({ roles: ["relay"] }, SELF_LIMITS.measurePeersKept.value * 2, "random"),
      measure: measurePeer(components, options),
      state: {
        load: () => store.readState(BANDWIDTH),
        save: (measured) => store.changeState(BANDWIDTH, () => measured.map((one) => ({ ...one }))),
      },
    },
    identity.peerId,
  );
}

/** Hears where others see this node, and keeps it in `store`, if there is one. `onChange` gets the addresses that count. */
export function createSeenAddresses(
  store: Pick<PeerStore, "readState" | "changeState"> | undefined,
  onChange: (addresses: readonly string[]) => void,
): SeenAddresses {
  const state = store && {
    load: () => store.readState(SEEN),
    save: (words: readonly SeenWord[]) => store.changeState(SEEN, () => words.map((word) => ({ ...word }))),
  };
  return new SeenAddresses({ state, onChange });
}

/** Sees other machines with this node's key; the numbers that this one signs are kept in `store`, if there is one. */
export function createKeyWatch(
  components: { readonly clock: Clock; readonly logger: Logger; readonly onFound: () => void },
  store: Pick<PeerStore, "readState" | "changeState"> | undefined,
): KeyWatch {
  const state = store && {
    load: () => store.readState(SIGNED),
    save: (numbers: readonly number[]) => store.changeState(SIGNED, () => [...numbers]),
  };
  return new KeyWatch({ ...components, state });
}

/** Meters what `links` carry against what the node has. */
export function createLoadSampler(
  components: {
    readonly clock: Clock;
    readonly links: Pick<LinkService, "report" | "takenShare">;
    readonly bandwidth: { readonly bandwidth: Bandwidth | undefined } | undefined;
  },
  { roles, capacityMbps, streamLimits }: NodeOptions,
): LoadSampler {
  const { clock, links } = components;
  const mostStreams =
    (roles.includes("exit") ? (streamLimits?.maxStreams ?? EGRESS_LIMITS.maxStreams.value) : 0) +
    (roles.includes("relay") ? RELAY_LIMITS.carried.value : 0);
  return new LoadSampler({
    clock,
    usage: () => {
      const { streams, linkBytes } = links.report;
      return {
        bytes: linkBytes,
        takenShare: Math.max(links.takenShare, mostStreams === 0 ? 0 : streams / mostStreams),
      };
    },
    bytesPerSecond: () => {
      const measured = components.bandwidth?.bandwidth;
      const mbps = capacityMbps ?? (measured && Math.min(measured.upMbps, measured.downMbps));
      return mbps && mbps * BYTES_PER_MBIT;
    },
  });
}
