import { PROTOCOL_VERSION } from "../../core/version.ts";
import { documentRequest } from "../../link/document-request.ts";
import { ownPolicy } from "../own-policy.ts";
import type { ServiceBase, ServicePart } from "./service-part.ts";

/** What the node says of itself to whoever has a link (docs/protocol.md §2.5). Throws ERR_CONFIG_VALUE. */
export function openDocument({ options: { settings } }: ServiceBase, load: () => number): ServicePart {
  const { roles } = settings;
  const { acceptedPorts } = ownPolicy(settings);
  return {
    requests: [documentRequest(() => ({ v: PROTOCOL_VERSION, roles, policy: { acceptedPorts }, load: load() }))],
  };
}
