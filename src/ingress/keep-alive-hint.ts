import { type RawHeaders, valuesOf } from "../http1/fields.ts";
import { INGRESS_LIMITS } from "./limits.ts";

/**
 * For how long a request may still be sent, in ms, on a connection whose target says `Keep-Alive: timeout=N` (RFC 2068
 * §19.7.1): N seconds without the way there and back, of which `answeredInMs` is an upper bound. Undefined if it says nothing.
 */
export function keepAliveHintMs(headers: RawHeaders, answeredInMs: number): number | undefined {
  for (const value of valuesOf(headers, "keep-alive")) {
    const seconds = /(?:^|[,;])[ \t]*timeout[ \t]*=[ \t]*"?([0-9]{1,9})/i.exec(value)?.[1];
    if (seconds === undefined) continue;
    return Math.max(0, Number(seconds) * 1_000 - Math.max(INGRESS_LIMITS.hintMarginMs.value, answeredInMs));
  }
  return undefined;
}
