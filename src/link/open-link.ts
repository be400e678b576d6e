import { connect as connectHttp2 } from "node:http2";
import type { Duplex } from "node:stream";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { abortReason, deadline } from "../core/abort.ts";
import { BywayError, systemCode } from "../core/errors.ts";
import { publicKeyOfCertificate } from "../identity/certificate.ts";
import { type PeerId, peerIdFromPublicKey, shortPeerId } from "../identity/peer-id.ts";
import { linkSettings, SESSION_OPTIONS, widenLink } from "./http2-profile.ts";
import { LINK_LIMITS } from "./limits.ts";
import { Link, type LinkComponents } from "./link.ts";
import { clientTls, KEY_EXCHANGE_GROUP, type TlsChoice } from "./tls-profile.ts";

/** What to hold the far end to. */
export interface OpenLinkOptions extends TlsChoice {
  /** The only peer that is accepted. */
  readonly peerId: PeerId;
  /** Whether its streams carry further links and not single streams of apps. Default false. */
  readonly carrier?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs TLS and HTTP/2 over `raw` and returns the link once the far end has proved its identity. Owns `raw` from here on.
 *
 * `raw` may be a TCP socket or a stream on another link; its bytes may still be on their way to be accepted.
 * Throws ERR_HOP_TIMEOUT, ERR_HOP_TLS, ERR_HOP_CLASSICAL, ERR_HOP_IDENTITY, ERR_HOP_LOST or the abort reason; `raw` is
 * destroyed then.
 */
export async function openLink(components: LinkComponents, raw: Duplex, options: OpenLinkOptions): Promise<Link> {
  // Half-close belongs to HTTP/2 streams; a connection of which one side has ended is of no use to anyone.
  raw.allowHalfOpen = false;
  const socket = connectTls({ ...clientTls(options), socket: raw });
  try {
    using limit = deadline(
      components.clock,
      LINK_LIMITS.handshakeMs.value,
      () => new BywayError("ERR_HOP_TIMEOUT", "the TLS handshake took too long"),
      options.signal,
    );
    await handshake(socket, limit.signal);
    verify(socket, options);
  } catch (error) {
    socket.destroy();
    raw.destroy();
    throw error;
  }
  // Node closes what TLS runs over with it, but not a stream on another link.
  socket.once("close", () => raw.destroy());
  // A stream that carries a link has to hold all streams of that link, whose own windows adapt.
  const windowBytes = (
    options.carrier === true ? LINK_LIMITS.widestStreamWindowBytes : LINK_LIMITS.clientStreamWindowBytes
  ).value;
  const session = connectHttp2("https://byway.alt", {
    ...SESSION_OPTIONS,
    settings: linkSettings(windowBytes),
    createConnection: () => socket,
  });
  session.once("connect", () => {
    if (!session.destroyed) widenLink(session);
  });
  return new Link(components, { session, connection: socket, peerId: options.peerId, windowBytes });
}

function handshake(socket: TLSSocket, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(abortReason(signal));
    if (signal.aborted) return onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    socket.on("error", (cause) => {
      reject(handshakeError(cause));
      // Node leaves the socket open after a fatal alert, and the HTTP/2 session on it would wait for its close for ever.
      socket.destroy();
    });
    socket.once("close", () =>
      reject(new BywayError("ERR_HOP_LOST", "the hop closed the connection during the handshake")),
    );
    socket.once("secureConnect", () => {
      signal.removeEventListener("abort", onAbort);
      resolve();
    });
  });
}

function handshakeError(cause: Error): BywayError {
  const code = systemCode(cause);
  if (code === "ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE" || code === "ERR_SSL_TLS_ALERT_HANDSHAKE_FAILURE") {
    return new BywayError("ERR_HOP_CLASSICAL", `the hop does not offer the key exchange ${KEY_EXCHANGE_GROUP}`, {
      cause,
    });
  }
  if (code.startsWith("ERR_SSL") || code === "EPROTO") {
    return new BywayError("ERR_HOP_TLS", `the TLS handshake failed (${code})`, { cause });
  }
  return new BywayError("ERR_HOP_LOST", `the connection broke during the TLS handshake (${code || cause.message})`, {
    cause,
  });
}

function verify(socket: TLSSocket, options: OpenLinkOptions): void {
  if (socket.alpnProtocol !== "h2") throw new BywayError("ERR_HOP_TLS", "the hop did not agree to HTTP/2");
  const group = socket.getEphemeralKeyInfo();
  const groupName = group !== null && "name" in group ? group.name : undefined;
  if (options.allowClassical !== true && groupName !== KEY_EXCHANGE_GROUP) {
    const message =
      groupName === undefined
        ? "this Node does not tell which key exchange was agreed; run Byway in the one that npm brings"
        : `the hop agreed to ${groupName} instead of ${KEY_EXCHANGE_GROUP}`;
    throw new BywayError("ERR_HOP_CLASSICAL", message);
  }
  const certificate = socket.getPeerX509Certificate();
  const key = certificate === undefined ? undefined : publicKeyOfCertificate(certificate);
  const actual = key === undefined ? undefined : peerIdFromPublicKey(key);
  if (actual !== options.peerId) {
    const who = actual === undefined ? "a peer without an Ed25519 key" : `peer ${shortPeerId(actual)}`;
    throw new BywayError("ERR_HOP_IDENTITY", `${who} answered instead of ${shortPeerId(options.peerId)}`);
  }
}
