import { isInPortRanges } from "../wire/port-range.ts";
import type { Candidate } from "./candidate.ts";

/** Whether a node, as an exit, says that it carries `protocol` to `port`; undefined asks for no port. */
export function acceptsTarget(
  candidate: Pick<Candidate, "acceptedPorts" | "protocols">,
  port: number | undefined,
  protocol: "tcp" | "udp",
): boolean {
  return (
    candidate.protocols.includes(protocol) && (port === undefined || isInPortRanges(candidate.acceptedPorts, port))
  );
}
