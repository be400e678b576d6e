import { Resolver } from "node:dns/promises";
import { abortReason, deadline } from "../core/abort.ts";
import type { Clock } from "../core/clock.ts";
import { BywayError, systemCode } from "../core/errors.ts";
import { EGRESS_LIMITS } from "./limits.ts";

/** The addresses of a name and how long they hold. */
export interface DnsAnswer {
  /** At least one, at most `maxAnswers` of each family. */
  readonly addresses: readonly string[];
  readonly ttlSeconds: number;
}

/** Where and for how long to ask. */
export interface DnsLookupOptions {
  /** Name servers as `ip`, `ip:port` or `[ip]:port`; undefined means those of the system. */
  readonly servers: readonly string[] | undefined;
  readonly timeoutMs: number;
}

interface AddressRecord {
  readonly address: string;
  readonly ttl: number;
}

/**
 * Asks for A and AAAA of `name` at the same time (RFC 8305 §3) and follows CNAMEs; no hosts file, no search domains.
 *
 * Once one family has answered, the other has `secondFamilyWaitMs` left. An abort closes the sockets of the queries,
 * which is why every look-up has a resolver of its own (30 µs). Throws ERR_TARGET_NAME, ERR_TARGET_NAME_TIMEOUT.
 */
export async function lookUp(
  clock: Clock,
  name: string,
  options: DnsLookupOptions,
  signal: AbortSignal,
): Promise<DnsAnswer> {
  const dns = new Resolver({ timeout: Math.ceil(options.timeoutMs / 3), tries: 2 });
  if (options.servers !== undefined) dns.setServers(options.servers);
  using limit = deadline(clock, options.timeoutMs, () => timedOut(name), signal);
  if (limit.signal.aborted) throw abortReason(limit.signal);
  const found: AddressRecord[] = [];
  const errors: unknown[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let wait: Disposable | undefined;
  let open = 2;
  const settled = (records: readonly AddressRecord[]): void => {
    found.push(...records.slice(0, EGRESS_LIMITS.maxAnswers.value));
    open -= 1;
    if (open === 0) resolve();
    else if (found.length > 0) wait = clock.after(EGRESS_LIMITS.secondFamilyWaitMs.value, resolve);
  };
  const failed = (error: unknown): void => {
    errors.push(error);
    settled([]);
  };
  dns.resolve6(name, { ttl: true }).then(settled, failed);
  dns.resolve4(name, { ttl: true }).then(settled, failed);
  const onAbort = (): void => reject(abortReason(limit.signal));
  limit.signal.addEventListener("abort", onAbort, { once: true });
  try {
    await promise;
  } finally {
    wait?.[Symbol.dispose]();
    limit.signal.removeEventListener("abort", onAbort);
    dns.cancel();
  }
  if (found.length === 0) throw lookUpError(name, errors);
  return {
    addresses: [...new Set(found.map((record) => record.address))],
    ttlSeconds: Math.min(...found.map((record) => record.ttl)),
  };
}

function timedOut(name: string, cause?: unknown): BywayError {
  return new BywayError("ERR_TARGET_NAME_TIMEOUT", `no name server answered for ${name} in time`, { cause });
}

// A name that does not exist says more than a time-out of the other family, a time-out more than an empty answer.
function lookUpError(name: string, errors: readonly unknown[]): BywayError {
  const cause = (code: string): unknown => errors.find((error) => systemCode(error) === code);
  const missing = cause("ENOTFOUND");
  if (missing !== undefined) {
    return new BywayError("ERR_TARGET_NAME", `${name} does not exist`, { cause: missing, data: { dns: "ENOTFOUND" } });
  }
  const late = cause("ETIMEOUT");
  if (late !== undefined) return timedOut(name, late);
  const other = errors.find((error) => systemCode(error) !== "ENODATA");
  if (other === undefined) {
    return new BywayError("ERR_TARGET_NAME", `${name} has no address`, { cause: errors[0], data: { dns: "ENODATA" } });
  }
  const code = systemCode(other);
  return new BywayError("ERR_TARGET_NAME", `the exit's name server failed for ${name} (${code})`, {
    cause: other,
    data: { dns: code },
    retry: "other-node",
  });
}
