import { BywayError } from "../core/errors.ts";
import { parseAuthority } from "./authority.ts";

const SUFFIX = ".byway.alt";
const PORT = 443;
const PEER_ID = /^k51[0-9a-z]{59}$/;

/**
 * The authority of a CONNECT to a hop: `k51….byway.alt:443`, below `.alt`, which never is in DNS (RFC 9476).
 * `peerId` is a peer id in base36; throws ERR_REQUEST_TARGET if it has not that form.
 */
export function formatHopAuthority(peerId: string): string {
  if (!PEER_ID.test(peerId)) throw malformed();
  return `${peerId}${SUFFIX}:${PORT}`;
}

/**
 * The peer id in the authority of a CONNECT to a hop, or undefined where the authority names an ordinary target.
 * Throws ERR_REQUEST_TARGET if it is no authority at all, or lies under `byway.alt` without being that of a hop.
 * That the id holds a key is for `parsePeerId` to say.
 */
export function parseHopAuthority(authority: string): string | undefined {
  const { host, port } = parseAuthority(authority);
  if (!`.${host}`.endsWith(SUFFIX)) return undefined;
  const peerId = host.slice(0, -SUFFIX.length);
  if (port !== PORT || !PEER_ID.test(peerId)) throw malformed();
  return peerId;
}

function malformed(): BywayError {
  return new BywayError("ERR_REQUEST_TARGET", "the hop is not named as k51….byway.alt:443");
}
