import { BywayError } from "../core/errors.ts";
import type { HostPort } from "../core/network-address.ts";
import { PortPolicy } from "../egress/port-policy.ts";
import type { CertificatePair } from "../identity/certificate.ts";
import { portRangesExcept } from "../wire/port-range.ts";
import type { LinkEndOptions } from "./link-end.ts";
import type { NodeOptions } from "./node-options.ts";

const MAX_WORKERS = 64;
const WILDCARDS: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);

/** Throws ERR_CONFIG_VALUE for options that no node can be made of. */
export function checkNodeOptions({ listen, advertise, workers = 1 }: NodeOptions): void {
  if (WILDCARDS.has(listen.host) && advertise === undefined) {
    throw new BywayError(
      "ERR_CONFIG_VALUE",
      `listening on ${listen.host} does not say where others reach this node; name that address with --advertise`,
    );
  }
  if (!Number.isInteger(workers) || workers < 1 || workers > MAX_WORKERS) {
    throw new BywayError("ERR_CONFIG_VALUE", `a node has 1 to ${MAX_WORKERS} workers, not ${workers}`);
  }
}

/** What the ends of a node's links are made of. `listeners` is kept by reference, as the node learns them later. */
export function linkEndOptions(
  options: NodeOptions,
  own: {
    readonly certificate: CertificatePair;
    readonly listeners: readonly HostPort[];
    /** For all ends together. */
    readonly budgetBytes: number;
  },
): LinkEndOptions {
  const { roles, workers = 1, bindEgress, dnsServers, closedPorts, contact } = options;
  const ports = new PortPolicy(closedPorts === undefined ? {} : { closedPorts });
  return {
    certificate: own.certificate,
    allowClassical: options.allowClassical ?? false,
    roles,
    policy: { acceptedPorts: roles.includes("exit") ? portRangesExcept(ports.closedPorts) : [] },
    listeners: own.listeners,
    allowTargets: options.allowTargets ?? [],
    localNetwork: options.localNetwork ?? false,
    ...(bindEgress === undefined ? {} : { bindEgress }),
    ...(dnsServers === undefined ? {} : { dnsServers }),
    ...(closedPorts === undefined ? {} : { closedPorts }),
    ...(contact === undefined ? {} : { contact }),
    ends: workers,
    budgetBytes: Math.floor(own.budgetBytes / workers),
  };
}
