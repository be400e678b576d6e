/** A name, and all under it, that the public DNS does not answer for. */
export interface SpecialName {
  /** The name that matched, or "" when the refusal is of a form and not of a name. */
  readonly suffix: string;
  /** Why it is refused, as a phrase for messages. */
  readonly reason: string;
}

const SUFFIXES: ReadonlyMap<string, string> = new Map([
  ["localhost", "loopback (RFC 6761)"],
  ["invalid", "never exists (RFC 6761)"],
  ["local", "multicast DNS (RFC 6762)"],
  ["onion", "Tor's (RFC 7686)"],
  ["home.arpa", "home networks (RFC 8375)"],
  ["service.arpa", "service registration on the local link (RFC 9665)"],
  ["resolver.arpa", "the resolver itself (RFC 9462)"],
  ["ipv4only.arpa", "discovery of translators (RFC 8880)"],
  ["alt", "outside of the DNS (RFC 9476)"],
  ["internal", "private use (ICANN, 2024)"],
  // Not in the root zone, but answered by routers and company resolvers all the same: RFC 6762 appendix G.
  ["intranet", "private use (RFC 6762 appendix G)"],
  ["private", "private use (RFC 6762 appendix G)"],
  ["corp", "private use (RFC 6762 appendix G)"],
  ["home", "private use (RFC 6762 appendix G)"],
  ["lan", "private use (RFC 6762 appendix G)"],
  ["localdomain", "private use"],
]);

/**
 * Why an exit must not look `name` up, or undefined when it may.
 *
 * `name` is normalised: lower-case ASCII without trailing dot. Matches on dot boundaries, so that `mylocal.example` and
 * `local.example` pass. Also refuses names of one label, which resolvers complete from the exit's own search domains,
 * and names whose last label is a number, which some resolvers take for IPv4 (WHATWG URL, "ends in a number").
 */
export function specialName(name: string): SpecialName | undefined {
  const labels = name.split(".");
  for (const depth of [1, 2]) {
    const suffix = labels.slice(-depth).join(".");
    const reason = SUFFIXES.get(suffix);
    if (reason !== undefined) return { suffix, reason };
  }
  if (labels.length < 2) return { suffix: "", reason: "a name of one label belongs to the exit's own network" };
  if (/^(?:[0-9]+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? ""))
    return { suffix: "", reason: "a name cannot end in a number" };
  return undefined;
}
