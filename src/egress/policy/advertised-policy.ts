import type { HostPort } from "../../core/network-address.ts";
import { WIRE_LIMITS } from "../../wire/limits.ts";
import { isInPortRanges, type PortRange } from "../../wire/port-range.ts";
import type { ExitPolicy } from "./exit-policy.ts";

/** What an advertisement says of an exit's policy. */
export interface AdvertisedPolicy {
  readonly acceptedPorts: readonly PortRange[];
  readonly protocols: readonly ("tcp" | "udp")[];
}

/**
 * The summary that clients choose by. An advertisement has one set of ports for both protocols: that of TCP, or of UDP where
 * TCP has none. The other protocol is told only where it takes all of them. The ports of `opened` are told as well, since
 * nobody would choose the exit for these targets otherwise; apart from them a node may claim less than it accepts, never more.
 */
export function advertisedPolicy(
  policy: Pick<ExitPolicy, "acceptedPorts">,
  opened: readonly HostPort[] = [],
): AdvertisedPolicy {
  const tcp = withPorts(policy.acceptedPorts("tcp"), opened);
  const udp = withPorts(policy.acceptedPorts("udp"), opened);
  if (tcp.length === 0) return { acceptedPorts: udp, protocols: udp.length === 0 ? [] : ["udp"] };
  const isAll = tcp.every(({ first, last }) => udp.some((range) => range.first <= first && last <= range.last));
  return { acceptedPorts: tcp, protocols: isAll ? ["tcp", "udp"] : ["tcp"] };
}

/** `ranges` and the ports of `opened`, which go first where there is no room for all. */
function withPorts(ranges: readonly PortRange[], opened: readonly HostPort[]): readonly PortRange[] {
  const ports = [...new Set(opened.map(({ port }) => port))].filter((port) => !isInPortRanges(ranges, port));
  return [...ports.map((port) => ({ first: port, last: port })), ...ranges]
    .slice(0, WIRE_LIMITS.maxPortRanges.value)
    .sort((a, b) => a.first - b.first);
}
