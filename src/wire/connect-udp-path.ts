import { BywayError } from "../core/errors.ts";
import type { HostPort } from "../core/network-address.ts";
import { normaliseHost, parseAuthority } from "./authority.ts";
import { WIRE_LIMITS } from "./limits.ts";

const PREFIX = "/.well-known/masque/udp/";

/**
 * The path of a connect-udp request (RFC 9298 §2, default template): host normalised, colons of IPv6 percent-encoded.
 * Throws ERR_REQUEST_TARGET for a malformed host.
 */
export function formatConnectUdpPath(target: HostPort): string {
  return `${PREFIX}${encodeURIComponent(normaliseHost(target.host))}/${target.port}/`;
}

/** The target that such a path names, its host normalised. Throws ERR_REQUEST_TARGET for any other path. */
export function parseConnectUdpPath(path: string): HostPort {
  if (path.length > WIRE_LIMITS.maxConnectUdpPathBytes.value || !path.startsWith(PREFIX)) throw malformed();
  const [host = "", port = "", ...rest] = path.slice(PREFIX.length).split("/");
  // An IPv6 address stands here without brackets (RFC 9298 §3), with its colons encoded.
  if (rest.length !== 1 || rest[0] !== "" || !/^(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+$/.test(host)) {
    throw malformed();
  }
  const decoded = decode(host);
  return parseAuthority(decoded.includes(":") ? `[${decoded}]:${port}` : `${decoded}:${port}`);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new BywayError("ERR_REQUEST_TARGET", "the path's host is not UTF-8", { cause });
  }
}

function malformed(): BywayError {
  return new BywayError("ERR_REQUEST_TARGET", `the path is not of the form ${PREFIX}{host}/{port}/`);
}
