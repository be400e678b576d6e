import { join } from "node:path";
import type { Clock } from "../core/clock.ts";
import { DescriptorWatch } from "../core/descriptors.ts";
import type { Logger } from "../core/logger.ts";
import { formatHostPort, type HostPort } from "../core/network-address.ts";
import type { Random } from "../core/random.ts";
import { VERSION } from "../core/version.ts";
import { EGRESS_LIMITS } from "../egress/limits.ts";
import type { ByteBudget } from "../flow/byte-budget.ts";
import { exitClosure } from "../operation/exit-closure.ts";
import type { HealthSettings } from "../operation/health-facts.ts";
import { HealthWatch } from "../operation/health-watch.ts";
import type { ContradictedClaim, NodeStatus, Reachability } from "../operation/node-status.ts";
import { NodeView } from "../operation/node-view.ts";
import { Operation } from "../operation/operation.ts";
import { type ClockDoubt, clockDoubtReason } from "../peers/clock-doubt.ts";
import type { ClockWords } from "../peers/clock-words.ts";
import type { PeerBook } from "../peers/peer-book.ts";
import { RecordFile } from "../storage/record-file.ts";
import { MemoryRecords } from "../storage/record-keeper.ts";
import type { LinkService } from "./link-service.ts";
import type { NodeOptions } from "./node-options.ts";
import { exitRules, ownPolicy } from "./own-policy.ts";
import { createReachCheck } from "./own-reach.ts";
import type { KeyWatch, OtherSigner } from "./self/key-watch.ts";

/** What its operator sees of a node and can have it do, and what works for that. */
export interface Operations {
  readonly view: NodeView;
  /** The load that the operator's limits make, 0 to 1; 1 also where nothing but a closed exit serves. */
  readonly loadShare: number;
  /** Begins when the links of the node are served. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Throws ERR_CONFIG_VALUE, and ERR_STORE where the records cannot be opened. */
export function createOperations(
  components: {
    readonly clock: Clock;
    readonly random: Random;
    readonly logger: Logger;
    readonly budget: ByteBudget;
    readonly links: Pick<LinkService, "report" | "reload">;
    /** Gets what the operator allows. */
    readonly orders: Pick<LinkService, "obey">;
    /** Public addresses at which others saw the node. */
    readonly seenAddresses: () => readonly string[];
    /** What others show of the time; absent where the node is unlisted. */
    readonly clockWords: ClockWords | undefined;
    readonly keyWatch: Pick<KeyWatch, "other">;
    /** What the address data contradicts of the node's claims. */
    readonly contradicted: readonly ContradictedClaim[];
    readonly load: () => number;
    /** Where relays are known from; absent where the node is unlisted. */
    readonly book: Pick<PeerBook, "find"> | undefined;
    /** The node's newest advertisement. */
    readonly envelope: () => Uint8Array;
    /** Something changed that an advertisement tells. */
    readonly onChange: () => void;
  },
  options: NodeOptions & {
    readonly address: HostPort;
    readonly endpoint: HostPort;
  },
): Operations {
  const { clock, logger, links, load, onChange } = components;
  const { dataDirectory, endpoint, contact, claims: { network } = {} } = options;
  const records =
    dataDirectory === undefined
      ? undefined
      : new RecordFile({ clock, logger }, { path: join(dataDirectory, "node-records.sqlite") });
  using opened = new DisposableStack();
  opened.defer(() => records?.stop());
  let wasOpen = true;
  const operation = new Operation(
    {
      clock,
      logger,
      records: records ?? new MemoryRecords(),
      line: () => links.report.line,
      onOrders: (orders) => {
        components.orders.obey(orders);
        const isOpen = orders.refusal === undefined;
        if (isOpen !== wasOpen) onChange();
        wasOpen = isOpen;
      },
    },
    options.operation,
  );
  const { book } = components;
  const reach =
    book === undefined || options.checksReach === false
      ? undefined
      : createReachCheck({ ...components, book }, { ...options, listen: options.address }, endpoint);
  const descriptors = new DescriptorWatch({ clock, logger });
  const health = new HealthWatch({ clock, load }, { dataDirectory: dataDirectory ?? "." });
  const settings: HealthSettings = {
    unlisted: options.directory === undefined,
    log: options.log?.mode ?? "off",
    maxStreams: options.streamLimits?.maxStreams ?? EGRESS_LIMITS.maxStreams.value,
    workers: options.workers ?? 1,
    network,
  };
  const view = new NodeView(
    {
      clock,
      health,
      operation,
      life() {
        const {
          links: open,
          streams,
          streamsOpened,
          failedProofs,
          refusals,
          log,
          blocklists,
          wasOutOfDescriptors,
        } = links.report;
        const { bytesPerSecond } = operation.orders;
        const { clockWords, keyWatch, contradicted } = components;
        return {
          endpoint: formatHostPort(endpoint),
          seenAddresses: components.seenAddresses(),
          reachable: reach?.state ?? NOBODY_TO_ASK,
          links: open,
          streams,
          streamsOpened,
          failedProofs,
          load: load(),
          refusals,
          log,
          blocklists,
          ...clockOff(clockWords?.doubt),
          ...sameKey(keyWatch.other),
          ...(contradicted.length === 0 ? {} : { contradicted }),
          ...(descriptors.wasOut || wasOutOfDescriptors === true ? { wasOutOfDescriptors: true } : {}),
          ...(bytesPerSecond === undefined ? {} : { bytesPerSecond }),
        };
      },
      reload: () => links.reload(),
    },
    {
      peerId: options.identity.peerId,
      software: `byway/${VERSION}`,
      roles: options.roles,
      address: formatHostPort(options.address),
      ...(contact === undefined ? {} : { contact }),
      policy: {
        rules: exitRules(options),
        acceptedPorts: ownPolicy(options).acceptedPorts,
      },
      settings,
    },
  );
  const owned = opened.move();
  return {
    view,
    get loadShare() {
      const { roles } = options;
      const isShut = !roles.includes("relay") && exitClosure({ ...links.report, roles }, settings) !== undefined;
      return isShut ? 1 : operation.loadShare;
    },
    async start() {
      operation.start();
      descriptors.start();
      reach?.start();
      await health.start();
    },
    async stop() {
      view.stop();
      operation.stop();
      await Promise.all([health.stop(), descriptors.stop(), reach?.stop()]);
      owned.dispose();
    },
  };
}

const NOBODY_TO_ASK: Reachability = {
  state: "unknown",
  reason: "the node is unlisted and knows no relay that could look",
};

function clockOff(doubt: ClockDoubt | undefined): Pick<NodeStatus, "clockOff"> {
  return doubt === undefined ? {} : { clockOff: { ...doubt, reason: clockDoubtReason(doubt) } };
}

function sameKey(other: OtherSigner | undefined): Pick<NodeStatus, "sameKey"> {
  if (other === undefined) return {};
  return { sameKey: { endpoint: other.endpoint, issuedAt: new Date(other.issuedAtSec * 1_000).toISOString() } };
}
