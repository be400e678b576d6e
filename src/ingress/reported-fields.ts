import { formatString, isToken } from "../wire/structured-item.ts";
import { INGRESS_LIMITS } from "./limits.ts";
import type { OpenedStream, RouteHop } from "./stream-opener.ts";

/** What is told beside the way that was taken. */
export interface ReportedRequest {
  /** What a lenient listener passed over. */
  readonly ignored: readonly string[];
  /** Whether the request asks for the way that it took: `byway-debug: 1`. */
  readonly debug: boolean;
  /** Whether the stream was opened for another request before and is only used again. */
  readonly reused: boolean;
}

/** A field value (RFC 9110 §5.5) without the bytes above ASCII, which readers take for different letters. */
const FIELD_VALUE = /^[!-~](?:[ !-~]*[!-~])?$/;
const ID = /^[A-Za-z0-9._~-]{1,64}$/;
const MAX_IGNORED_CHARS = 64;

/**
 * The header fields of Byway's own in the answer to an app; values are items, lists and dictionaries of RFC 9651.
 * What is not known, or is no fit value, is left out.
 */
export function reportedFields(opened: OpenedStream, told: ReportedRequest): string[] {
  const { moved } = opened;
  const fields: (readonly [name: string, value: string | undefined])[] = [
    ["byway-ignored", ignoredList(told.ignored)],
    ["byway-session-moved", moved === undefined || told.reused ? undefined : movedItem(moved)],
    ...(told.debug ? debugFields(opened) : []),
  ];
  return fields.flatMap(([name, value]) => (value !== undefined && FIELD_VALUE.test(value) ? [name, value] : []));
}

/** The field that names a request in `byway requests show`; none for what is no id. */
export function requestIdField(id: unknown): string[] {
  return typeof id === "string" && ID.test(id) ? ["byway-request-id", id] : [];
}

function debugFields({ route, requestId, bytes }: OpenedStream): (readonly [string, string | undefined])[] {
  const hops = route.hops.map(hopItem);
  const counted = bytes?.();
  const [name = "", id] = requestIdField(requestId);
  return [
    ["byway-exit", hopItem(route.exit)],
    ["byway-hops", hops.includes(undefined) ? undefined : hops.join(", ")],
    [name, id],
    ["byway-bytes", counted === undefined ? undefined : `sent=${counted.sent}, received=${counted.received}`],
    // Nobody pays in this version: micro-USDC.
    ["byway-cost", "0"],
  ];
}

function hopItem({ peerId, country, asn }: RouteHop): string | undefined {
  if (!isToken(peerId)) return undefined;
  const countryPart = country !== undefined && isToken(country) ? `;country=${country}` : "";
  return `${peerId}${countryPart}${asn === undefined ? "" : `;asn=${asn}`}`;
}

function movedItem({ from, reason }: NonNullable<OpenedStream["moved"]>): string | undefined {
  return isToken(from) ? `${from};reason=${reason}` : undefined;
}

function ignoredList(ignored: readonly string[]): string | undefined {
  if (ignored.length === 0) return undefined;
  return ignored
    .slice(0, INGRESS_LIMITS.maxReportedIgnored.value)
    .map((text) => text.slice(0, MAX_IGNORED_CHARS))
    .map((text) => (isToken(text) ? text : formatString(text)))
    .join(", ");
}
