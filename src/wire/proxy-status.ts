import { WIRE_LIMITS } from "./limits.ts";
import { formatString, isToken, parseItemList } from "./structured-item.ts";
import type { StructuredItem } from "./structured-reader.ts";

/** One proxy's account in a `Proxy-Status` header (RFC 9209 §2). */
export interface ProxyStatus {
  readonly proxy: string;
  /** A proxy error type such as `dns_error` (RFC 9209 §2.3). */
  readonly error?: string;
  readonly details?: string;
}

/** The name by which Byway speaks in `Proxy-Status`. */
export const OWN_PROXY_NAME = "byway";

/*
 * Proxy-Status: byway; error=dns_error; details="no such name"
 *               └ token or string   └ token         └ string (RFC 9651)
 */

/**
 * Writes a `Proxy-Status` value; `proxy` is `byway` unless given. Never throws, since it is used to report errors:
 * an `error` that is no token becomes `proxy_internal_error`, and `details` is cut to 256 characters with what
 * ASCII cannot print replaced: letters by those without marks, everything else by `?`.
 */
export function formatProxyStatus(status: {
  readonly proxy?: string;
  readonly error: string;
  readonly details?: string;
}): string {
  const proxy = status.proxy ?? OWN_PROXY_NAME;
  const error = isToken(status.error) ? status.error : "proxy_internal_error";
  const head = `${isToken(proxy) ? proxy : formatString(cut(proxy))}; error=${error}`;
  return status.details === undefined ? head : `${head}; details=${formatString(cut(plainLetters(status.details)))}`;
}

/** Reads a `Proxy-Status` value, nearest proxy to the origin first. Never throws: a malformed or oversized one is []. */
export function parseProxyStatus(header: string): readonly ProxyStatus[] {
  if (header.length > WIRE_LIMITS.maxProxyStatusBytes.value) return [];
  const members = parseItemList(
    header,
    WIRE_LIMITS.maxProxyStatusMembers.value,
    WIRE_LIMITS.maxProxyStatusParameters.value,
  );
  if (members === undefined || members.some(({ item }) => item.kind === "other")) return [];
  return members.map(({ item, parameters }) => {
    const error = textOf(parameters.get("error"), "token");
    const details = textOf(parameters.get("details"), "string");
    return {
      proxy: item.text,
      ...(error === undefined ? {} : { error }),
      ...(details === undefined ? {} : { details: cut(details) }),
    };
  });
}

function textOf(item: StructuredItem | undefined, kind: StructuredItem["kind"]): string | undefined {
  return item?.kind === kind ? item.text : undefined;
}

/** Letters without their marks, and dots for an ellipsis: ASCII has no others. */
function plainLetters(text: string): string {
  return cut(text).normalize("NFKD").replaceAll(/\p{M}/gu, "");
}

function cut(text: string): string {
  return text.slice(0, WIRE_LIMITS.maxDetailsChars.value);
}
