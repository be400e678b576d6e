import { BandwidthService, bandwidthRequests } from "../../link/bandwidth-service.ts";
import { LINK_LIMITS } from "../../link/limits.ts";
import type { ServiceBase, ServicePart } from "./service-part.ts";

/** Lets peers measure their lines. */
export function openBandwidth({ clock, share }: ServiceBase): ServicePart {
  return { requests: bandwidthRequests(new BandwidthService({ clock }, share(LINK_LIMITS.bandwidthTransfers))) };
}
