import { Resolver } from "node:dns/promises";
import { abortReason, deadline } from "../core/abort.ts";
import type { Clock, Timer } from "../core/clock.ts";
import { BywayError, systemCode } from "../core/errors.ts";
import { EGRESS_LIMITS } from "./limits.ts";
import type { NameServers } from "./name-servers.ts";

/** The addresses of a name and how long they hold. */
export interface DnsAnswer {
  /** At least one, at most `maxAnswers` of each family. */
  readonly addresses: readonly string[];
  readonly ttlSeconds: number;
}

/** Where and for how long to ask. */
export interface DnsLookupOptions {
  readonly servers: NameServers;
  readonly timeoutMs: number;
}

interface AddressRecord {
  readonly address: string;
  readonly ttl: number;
}

/** What one server gave. `records` empty: `errors` says why. */
interface ServerAnswer {
  readonly records: readonly AddressRecord[];
  readonly errors: readonly unknown[];
}

/** What a server says that knows: there is no such name, or it has no such address. */
const KNOWN: readonly string[] = ["ENOTFOUND", "ENODATA"];

/** What the network says of a server that is not there. */
const UNREACHABLE: readonly string[] = ["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH"];

/**
 * Asks for A and AAAA of `name` at the same time (RFC 8305 §3) and follows CNAMEs; no hosts file, no search domains.
 *
 * The servers are asked in the order of `NameServers`: the next one when one has failed, and beside it when it has said
 * nothing for `nextServerMs`. The first that knows decides. Once one family has answered, the other has
 * `secondFamilyWaitMs` left. An abort closes the sockets of the queries, which is why every look-up has resolvers of its own
 * (30 µs each). Throws ERR_TARGET_NAME, ERR_TARGET_NAME_TIMEOUT.
 */
export async function lookUp(
  clock: Clock,
  name: string,
  { servers, timeoutMs }: DnsLookupOptions,
  signal: AbortSignal,
): Promise<DnsAnswer> {
  using limit = deadline(clock, timeoutMs, () => timedOut(name), signal);
  if (limit.signal.aborted) throw abortReason(limit.signal);
  const order = servers.inOrder();
  using asked = new DisposableStack();
  const { promise, resolve, reject } = Promise.withResolvers<ServerAnswer>();
  const onAbort = (): void => reject(abortReason(limit.signal));
  limit.signal.addEventListener("abort", onAbort, { once: true });
  asked.defer(() => limit.signal.removeEventListener("abort", onAbort));
  const errors: unknown[] = [];
  const silent = new Set<string>();
  let next = 0;
  let open = 0;
  let later: Timer | undefined;
  const askNext = (): void => {
    later?.cancel();
    const server = order[next];
    // The system's resolver has a default of its own where none is named.
    if (server === undefined && next > 0) return;
    next += 1;
    open += 1;
    if (server !== undefined) silent.add(server);
    if (next < order.length) later = clock.after(EGRESS_LIMITS.nextServerMs.value, askNext);
    const done = (answer: ServerAnswer): void => {
      open -= 1;
      if (server !== undefined) silent.delete(server);
      const isKnown = answer.records.length > 0 || answer.errors.every((error) => KNOWN.includes(systemCode(error)));
      if (server !== undefined && isKnown) servers.noteAnswer(server);
      if (server !== undefined) noteErrors(servers, server, answer.errors);
      errors.push(...answer.errors);
      if (isKnown) resolve(answer);
      else if (next < order.length) askNext();
      else if (open === 0) resolve({ records: [], errors });
    };
    asked.use(askServer(clock, name, { server, timeoutMs }, done));
  };
  asked.defer(() => later?.cancel());
  askNext();
  const { records, errors: why } = await promise;
  // Only beside one that knew: of a network that is down, no server is to blame.
  for (const server of silent) if (server !== order[next - 1]) servers.noteSilence(server);
  if (records.length === 0) throw lookUpError(name, why);
  return {
    addresses: [...new Set(records.map((record) => record.address))],
    ttlSeconds: Math.min(...records.map((record) => record.ttl)),
  };
}

/** Asks one server for both families; calls `done` once, unless it is disposed of before. */
function askServer(
  clock: Clock,
  name: string,
  { server, timeoutMs }: { readonly server: string | undefined; readonly timeoutMs: number },
  done: (answer: ServerAnswer) => void,
): Disposable {
  const dns = new Resolver({ timeout: Math.ceil(timeoutMs / 3), tries: 2 });
  const records: AddressRecord[] = [];
  const errors: unknown[] = [];
  let wait: Disposable | undefined;
  let open = 2;
  let isOver = false;
  const end = (): void => {
    isOver = true;
    wait?.[Symbol.dispose]();
    dns.cancel();
  };
  const finish = (): void => {
    end();
    done({ records, errors });
  };
  const settled = (found: readonly AddressRecord[]): void => {
    if (isOver) return;
    records.push(...found.slice(0, EGRESS_LIMITS.maxAnswers.value));
    open -= 1;
    if (open === 0) finish();
    else if (records.length > 0) wait = clock.after(EGRESS_LIMITS.secondFamilyWaitMs.value, finish);
  };
  const failed = (error: unknown): void => {
    errors.push(error);
    settled([]);
  };
  if (server !== undefined) dns.setServers([server]);
  dns.resolve6(name, { ttl: true }).then(settled, failed);
  dns.resolve4(name, { ttl: true }).then(settled, failed);
  return { [Symbol.dispose]: () => void (isOver || end()) };
}

/** Errors that are the server's. Another name may well get an answer after SERVFAIL or silence. */
function noteErrors(servers: NameServers, server: string, errors: readonly unknown[]): void {
  const codes = errors.map(systemCode);
  if (codes.some((code) => UNREACHABLE.includes(code))) servers.noteFailure(server);
  else if (codes.includes("EREFUSED")) servers.noteRefusal(server);
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
