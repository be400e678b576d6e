import { formatHostPort, type HostPort } from "../../src/core/network-address.ts";
import { LAUNCHER } from "../support/run-byway.ts";
import type { TargetKind } from "./program-row.ts";

/** What the suite has in place of what a row's line names. */
export interface Filling {
  readonly proxy: HostPort;
  readonly country: string;
  readonly session: string;
  readonly kind: TargetKind;
  readonly target: HostPort;
}

/** The row's line with this proxy, user name and target. Throws if something of the original is left. */
export function filledLine(line: string, { proxy, country, session, kind, target }: Filling): string {
  const web = `${kind === "http" ? "http" : "https"}://${formatHostPort(target)}`;
  const filled = line
    .replaceAll("https://example.com", web)
    .replaceAll("wss://example.com", web.replace("http", "ws"))
    .replaceAll(/\bexample\.com([^\w.]+)(?:443|22|6379)\b/g, `${target.host}$1${target.port}`)
    // As dig has it.
    .replaceAll("-p 53 @example.com", `-p ${target.port} @${target.host}`)
    // As ssh has it, whose port is elsewhere.
    .replaceAll(/\bexample\.com(?=:[a-z])/g, target.host)
    .replaceAll(/\b127\.0\.0\.1(\W+|\b[^\d]+)1080\b/g, `${proxy.host}$1${proxy.port}`)
    .replaceAll(/\b1080\b/g, String(proxy.port))
    .replaceAll("country-de", `country-${country}-session-${session}`)
    .replaceAll("npx byway env", `'${process.execPath}' '${LAUNCHER}' env --listen ${formatHostPort(proxy)}`)
    .replaceAll("--country de", `--country ${country} --session ${session}`);
  const left = /example\.com|\b1080\b|country-de(?!-session)|npx/.exec(filled);
  if (left !== null) throw new Error(`nothing stands in for "${left[0]}" in ${line}`);
  return kind === "http" ? forPlainHttp(filled) : filled;
}

/** Programs have one setting for http and one for https; lines name the latter. */
function forPlainHttp(line: string): string {
  return line
    .replaceAll("https_proxy=", "http_proxy=")
    .replaceAll('"https_proxy"', '"http_proxy"')
    .replaceAll('"https":', '"http":')
    .replaceAll("https:proxy", "http:proxy")
    .replaceAll("https.proxy", "http.proxy")
    .replaceAll("--proxy=https:", "--proxy=http:")
    .replaceAll("--https-proxy=", "--proxy=");
}
