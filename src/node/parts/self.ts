import { toBywayError } from "../../core/errors.ts";
import type { Part } from "../../core/parts.ts";
import type { KnownPeer } from "../../peers/known-peer.ts";
import type { OpenedPeers } from "../../peers/open-peers.ts";
import { writePeerFile } from "../../peers/peer-file.ts";
import type { NodeOptions } from "../node-options.ts";
import {
  createBandwidthRecord,
  createKeyWatch,
  createLoadSampler,
  createSeenAddresses,
  ownFacts,
} from "../own-facts.ts";
import { ownPolicy } from "../own-policy.ts";
import { Advertiser } from "../self/advertiser.ts";
import type { KeyWatch } from "../self/key-watch.ts";
import type { SeenAddresses } from "../self/seen-addresses.ts";
import { UptimeLog } from "../self/uptime-log.ts";
import type { NodeLinks } from "./links.ts";
import type { NodeBase } from "./node-base.ts";
import type { OwnNews } from "./own-news.ts";

/** What a node says of itself, and from what. */
export interface NodeSelf extends Part {
  /** The log of the time that it was up, which runs since it was opened. */
  readonly uptime: Part;
  readonly seen: SeenAddresses;
  readonly keyWatch: KeyWatch;
  /** As others know it: the newest signed advertisement. */
  known(): KnownPeer;
  /** How busy it is, 0 to 1. */
  load(): number;
  /** What else makes it busy, 0 to 1; asked for at each look. */
  addLoad(share: () => number): void;
  /** Calls `tell` with each new advertisement from now on. */
  onPublish(tell: () => void): void;
  /** Publishes the advertisement, and each later one. Throws ERR_DATA_DIRECTORY where its file cannot be written. */
  start(): Promise<void>;
}

/** Signs the first advertisement. */
export function openSelf(
  base: NodeBase,
  { links, kept, news }: { readonly links: NodeLinks; readonly kept: OpenedPeers | undefined; readonly news: OwnNews },
  options: NodeOptions,
): NodeSelf {
  const { identity, clock, random, logger, budget } = base;
  const { service, orders, endpoint } = links;
  const onChange = (): void => news.changed();
  // The other machine then hears of this one too.
  const keyWatch = createKeyWatch({ clock, logger, onFound: onChange }, kept?.store);
  news.onCameBack((envelope) => keyWatch.look(envelope));
  const uptime = kept && new UptimeLog({ store: kept.store, clock, logger });
  uptime?.start();
  const seen = createSeenAddresses(kept?.store, (addresses) => orders.see(addresses));
  orders.see(seen.addresses);
  const bandwidth = createBandwidthRecord({ clock, random, logger, budget, kept, onChange }, options);
  const sampler = createLoadSampler({ clock, links: service, bandwidth }, options);
  const shares: (() => number)[] = [];
  const load = (): number => Math.max(sampler.load, ...shares.map((share) => Math.round(share() * 20) / 20));
  const policy = ownPolicy(options);
  const upSinceSec = Math.floor(clock.nowMs() / 1000);
  const tells: (() => void)[] = [];
  const publish = async (envelope: Uint8Array): Promise<void> => {
    for (const tell of tells) tell();
    if (options.advertisementFile !== undefined) await writePeerFile(options.advertisementFile, envelope);
  };
  const onPublishFailed = (error: unknown): void =>
    logger.warn("the advertisement file could not be renewed", { reason: toBywayError(error).message });
  const advertiser = new Advertiser(
    {
      identity,
      clock,
      publish: (envelope) => void publish(envelope).catch(onPublishFailed),
      onSigned: (advertisement) => keyWatch.signed(advertisement),
    },
    () =>
      ownFacts(options, {
        endpoint,
        policy,
        upSinceSec,
        load: load(),
        bandwidth: bandwidth?.bandwidth,
        availability: uptime?.availability(),
      }),
  );
  news.onChange(() => advertiser.changed());
  return {
    uptime: { stop: () => uptime?.stop() },
    seen,
    keyWatch,
    known: () => ({ advertisement: advertiser.advertisement, envelope: advertiser.envelope }),
    load,
    addLoad: (share) => void shares.push(share),
    onPublish: (tell) => void tells.push(tell),
    async start() {
      await publish(advertiser.envelope);
      advertiser.start();
      bandwidth?.start();
    },
    async stop() {
      advertiser.stop();
      await bandwidth?.stop();
    },
  };
}
