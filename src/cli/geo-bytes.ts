import { createReadStream } from "node:fs";
import { BywayError, systemCode } from "../core/errors.ts";
import { classifyAddress } from "../geo/reserved-ranges.ts";
import { CLI_LIMITS } from "./limits.ts";

/**
 * The bytes of the file or address `from`; what takes them bounds how many. An address must be https, or http where it is on
 * this machine, and so must every address that it redirects to; https never redirects to http. Throws ERR_USAGE_ARGUMENT for
 * other addresses, ERR_GEO_DATA where there is nothing to be had, or the abort reason. Nothing is opened before it is read.
 */
export async function* geoBytes(from: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    if (/^[a-z][a-z0-9+.-]+:\/\//i.test(from)) yield* fetchBytes(from, signal);
    else yield* createReadStream(from, { signal }) as AsyncIterable<Uint8Array>;
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof BywayError) throw cause;
    const code = systemCode(cause) || systemCode((cause as Error).cause) || "no answer";
    throw new BywayError("ERR_GEO_DATA", `${from} cannot be read (${code})`, { data: { from }, cause });
  }
}

async function* fetchBytes(from: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  let address = checkedAddress(from);
  for (let redirects = 0; ; redirects++) {
    const response = await fetch(address, { redirect: "manual", signal, headers: { accept: "*/*" } });
    const location = response.headers.get("location");
    if (response.status < 300 || response.status > 399 || location === null) {
      if (response.status !== 200 || response.body === null) throw unfetched(from, `status ${response.status}`);
      yield* response.body;
      return;
    }
    await response.body?.cancel();
    if (redirects === CLI_LIMITS.fetchRedirects.value) throw unfetched(from, "too many redirects");
    const next = checkedAddress(new URL(location, address).href);
    if (address.protocol === "https:" && next.protocol !== "https:") throw unfetched(from, "it redirects to http");
    address = next;
  }
}

function unfetched(from: string, why: string): BywayError {
  return new BywayError("ERR_GEO_DATA", `${from} cannot be read (${why})`, { data: { from } });
}

function checkedAddress(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "https:" || (url?.protocol === "http:" && isThisMachine(url.hostname))) return url;
  throw new BywayError("ERR_USAGE_ARGUMENT", `${text} is no https address; http is for this machine only`);
}

function isThisMachine(host: string): boolean {
  return host === "localhost" || classifyAddress(host.replace(/^\[(.*)\]$/, "$1"))?.kind === "loopback";
}
