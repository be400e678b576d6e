import { createHash } from "node:crypto";
import { type GossipSub, gossipsub, type Message, StrictNoSign, TopicValidatorResult } from "@libp2p/gossipsub";
import type { PeerId as Libp2pPeerId } from "@libp2p/interface";
import type { Clock } from "../core/clock.ts";
import type { PeerId } from "../identity/peer-id.ts";
import { JunkScore } from "./junk-score.ts";
import { fromLibp2p } from "./libp2p-identity.ts";
import { OVERLAY_LIMITS } from "./limits.ts";
import type { GossipVerdict } from "./overlay.ts";
import type { ProtocolNames } from "./protocol-names.ts";

type Check = (message: Uint8Array, from: PeerId) => GossipVerdict;
type Factory = ReturnType<typeof gossipsub>;

const VERDICTS: Readonly<Record<GossipVerdict, TopicValidatorResult>> = {
  accept: TopicValidatorResult.Accept,
  ignore: TopicValidatorResult.Ignore,
  reject: TopicValidatorResult.Reject,
};

/** The junk score from which on nothing of a peer is heard: seven messages within a minute. */
const SHUT_OUT = 40;

/** Below this score a peer is told of no news. */
export const GOSSIP_THRESHOLD = -10;

/**
 * What peers of one address lose for each other: (number − threshold)² × weight. A crowd loses its places in the mesh, which
 * takes no peer below 0. As many as may connect from an address still get news: whoever shares a translator with an honest
 * node cannot have it shut out.
 */
export const COLOCATION = { threshold: 4, weight: -0.05 } as const;

/** Gossip topics over gossipsub (libp2p gossipsub specification 1.1 and 1.2). */
export class Gossip {
  readonly #names: ProtocolNames;
  readonly #junk: JunkScore;
  readonly #localNetwork: boolean;
  readonly #topics = new Map<string, Check>();
  #service: GossipSub | undefined;
  #running = false;

  constructor(components: { clock: Clock; names: ProtocolNames }, options: { localNetwork: boolean }) {
    this.#names = components.names;
    this.#junk = new JunkScore(components);
    this.#localNetwork = options.localNetwork;
  }

  /**
   * Makes the service. Messages carry neither sender nor signature of libp2p's (StrictNoSign): they are signed envelopes
   * already, a second signature would prove nothing more, and nobody learns which peer brought one in first.
   */
  readonly factory: Factory = (components) => {
    this.#service = gossipsub({
      globalSignaturePolicy: StrictNoSign,
      msgIdFn: ({ data }) => createHash("sha256").update(data).digest(),
      fallbackToFloodsub: false,
      allowPublishToZeroTopicPeers: true,
      ignoreDuplicatePublishError: true,
      emitSelf: false,
      doPX: false,
      // IDONTWANT goes to the whole mesh before a message is checked: whoever sends junk would have each node that it reaches
      // send frames to all its neighbours, and be left by them. It saves little of messages this small.
      idontwantMinDataSize: Number.POSITIVE_INFINITY,
      // To the mesh, and by gossip to the rest: 512 connections must not get each message from its author.
      floodPublish: false,
      maxInboundStreams: 2,
      maxOutboundStreams: 2,
      maxInboundDataLength: OVERLAY_LIMITS.gossipFrameBytes.value,
      maxOutboundBufferSize: OVERLAY_LIMITS.gossipWaitingBytes.value,
      maxTopicBytesPerPeer: OVERLAY_LIMITS.gossipTopicBytes.value,
      decodeRpcLimits: {
        maxSubscriptions: 300,
        maxMessages: OVERLAY_LIMITS.gossipMessages.value,
        // What an honest peer may name at once (GossipsubMaxIHaveLength).
        maxIhaveMessageIDs: 5_000,
        maxIwantMessageIDs: 5_000,
        maxIdontwantMessageIDs: 512,
        // Of each kind; an honest peer sends one for each topic. Frames with more are junk (`frame-guard.ts`).
        maxControlMessages: 64,
        maxPeerInfos: 0,
      },
      scoreParams: {
        appSpecificScore: (peer) => -this.#junk.of(peer),
        appSpecificWeight: 1,
        // On one machine or LAN many peers share an address, and mean no harm by it.
        IPColocationFactorWeight: this.#localNetwork ? 0 : COLOCATION.weight,
        IPColocationFactorThreshold: COLOCATION.threshold,
        behaviourPenaltyThreshold: 6,
        behaviourPenaltyWeight: -10,
        behaviourPenaltyDecay: 0.9,
      },
      scoreThresholds: {
        gossipThreshold: GOSSIP_THRESHOLD,
        publishThreshold: -20,
        graylistThreshold: -SHUT_OUT,
        acceptPXThreshold: 1_000,
        opportunisticGraftThreshold: 0,
      },
    })(components);
    return this.#service;
  };

  subscribe(topic: string, check: Check): void {
    const name = this.#names.topic(topic);
    this.#topics.set(name, check);
    if (this.#running) this.#hear(name, check);
  }

  /** Hears the topics that were subscribed to before the service ran. */
  start(): void {
    this.#running = true;
    for (const [name, check] of this.#topics) this.#hear(name, check);
  }

  unsubscribe(topic: string): void {
    const name = this.#names.topic(topic);
    this.#topics.delete(name);
    if (this.#running) this.#service?.unsubscribe(name);
    this.#service?.topicValidators.delete(name);
  }

  async publish(topic: string, message: Uint8Array): Promise<void> {
    await this.#service?.publish(this.#names.topic(topic), message).catch(() => {});
  }

  #hear(name: string, check: Check): void {
    this.#service?.topicValidators.set(name, (from, message) => this.#verdict(check, from, message));
    this.#service?.subscribe(name);
  }

  #verdict(check: Check, from: Libp2pPeerId, { data }: Message): TopicValidatorResult {
    // The service looks at scores once a second; a flood must not have its checks until then.
    if (this.#junk.of(from.toString()) >= SHUT_OUT) return TopicValidatorResult.Ignore;
    const peerId = fromLibp2p(from);
    let verdict: GossipVerdict = "reject";
    if (peerId !== undefined && data.length <= OVERLAY_LIMITS.gossipBytes.value) verdict = check(data, peerId);
    if (verdict === "reject") this.#junk.add(from.toString());
    return VERDICTS[verdict];
  }
}
