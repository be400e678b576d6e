import type { HostPort } from "../core/network-address.ts";
import type { CertificatePair } from "../identity/certificate.ts";
import type { PeerId } from "../identity/peer-id.ts";
import type { NodeSettings } from "./node-options.ts";

/** How links are served. Plain JSON values: a worker gets them by message. */
export interface LinkServiceOptions {
  /** What the operator set, as `createNode` got it: each part of the service reads what concerns it. */
  readonly settings: NodeSettings;
  readonly peerId: PeerId;
  readonly certificate: CertificatePair;
  /** Where the whole node listens, and the endpoints that lead there: no way out leads to them. Read at every check. */
  readonly listeners: readonly HostPort[];
  /** Bytes that may wait in this process. */
  readonly budgetBytes: number;
  /** Where connections of the overlay go, in a worker: the path that the node's `OverlayBackchannel` listens at. */
  readonly backchannelPath?: string | undefined;
}
