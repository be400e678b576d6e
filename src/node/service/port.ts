import type { Duplex } from "node:stream";
import { LINK_LIMITS } from "../../link/limits.ts";
import { NoticeServer } from "../../link/notice-server.ts";
import { type AcceptOverlay, PublicPort } from "../../link/public-port.ts";
import { sendBack } from "../../workers/overlay-backchannel.ts";
import { noticeFacts } from "../notice-facts.ts";
import type { ServiceBase, ServicePart } from "./service-part.ts";

/** The one port: links, the overlay, and a notice for whoever speaks HTTP. */
export interface ServicePort extends ServicePart {
  /** Serves one connection, whatever it speaks; owns it from here on. */
  accept(raw: Duplex): void;
  stop(): Promise<void>;
}

/** `link` takes links. What speaks libp2p goes to `overlay`, or from a worker back to the node. */
export function openPort(
  { clock, budget, refusals, options, share }: ServiceBase,
  { link, overlay }: { readonly link: (raw: Duplex) => void; readonly overlay: AcceptOverlay | undefined },
): ServicePort {
  const notice = new NoticeServer({ clock, refusals }, noticeFacts(options), {
    open: share(LINK_LIMITS.openNotices),
    networkOpen: share(LINK_LIMITS.networkNotices),
    perSecond: share(LINK_LIMITS.noticesPerSecond),
    networkPerSecond: share(LINK_LIMITS.networkNoticesPerSecond),
    networkBurst: share(LINK_LIMITS.networkNoticeBurst),
  });
  const { backchannelPath: path } = options;
  const toNode: AcceptOverlay | undefined =
    path === undefined ? undefined : (socket, remote) => sendBack({ clock, budget }, path, socket, remote);
  const port = new PublicPort(
    { clock, refusals },
    { link, overlay: overlay ?? toNode, notice: (socket) => notice.accept(socket) },
    { most: share(LINK_LIMITS.unspokenConnections), mostPerCrowd: LINK_LIMITS.unspokenPerAddress.value },
  );
  return {
    accept: (raw) => port.accept(raw),
    async stop() {
      await Promise.all([port.stop(), notice.stop()]);
    },
  };
}
