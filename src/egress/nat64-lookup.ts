import { Resolver } from "node:dns/promises";
import { deadline, withAbort } from "../core/abort.ts";
import type { Clock } from "../core/clock.ts";
import { BywayError, systemCode } from "../core/errors.ts";
import { NAT64_QUESTION, type Nat64Prefix, nat64PrefixesOf } from "../geo/nat64.ts";
import { EGRESS_LIMITS } from "./limits.ts";

/**
 * Asks the name servers which prefixes the network translates (RFC 7050): the AAAA of a name that has only IPv4. None is
 * an answer too. `servers` as `ip` or `ip:port`, in the order to ask in; those of the system when there are none. Throws where no server answers, or the
 * abort reason.
 */
export async function lookUpNat64(
  clock: Clock,
  servers: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<readonly Nat64Prefix[]> {
  const { value: timeoutMs } = EGRESS_LIMITS.lookupTimeoutMs;
  const dns = new Resolver({ timeout: Math.ceil(timeoutMs / 3), tries: 2 });
  if (servers !== undefined && servers.length > 0) dns.setServers(servers);
  const late = (): BywayError => new BywayError("ERR_TARGET_NAME_TIMEOUT", `no name server answered ${NAT64_QUESTION}`);
  using limit = deadline(clock, timeoutMs, late, signal);
  try {
    const answers = await withAbort(dns.resolve6(NAT64_QUESTION), limit.signal);
    return answers.flatMap(nat64PrefixesOf).slice(0, EGRESS_LIMITS.nat64Prefixes.value);
  } catch (error) {
    if (["ENODATA", "ENOTFOUND"].includes(systemCode(error))) return [];
    throw error;
  } finally {
    dns.cancel();
  }
}
