import { constants } from "node:crypto";
import type { ConnectionOptions, TlsOptions } from "node:tls";

/** The post-quantum hybrid group that every link uses (code point 0x11EC). */
export const KEY_EXCHANGE_GROUP = "X25519MLKEM768";

const CIPHERS = "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
const ALPN = "h2";

function groups(allowClassical: boolean): string {
  return allowClassical ? `${KEY_EXCHANGE_GROUP}:X25519` : KEY_EXCHANGE_GROUP;
}

/** What both ends of a link may vary about TLS. */
export interface TlsChoice {
  /** Accept X25519 alone where the peer has no ML-KEM. Default false. */
  readonly allowClassical?: boolean;
}

/**
 * TLS of the server end: 1.3 only, hybrid key exchange, no session that could link two visits.
 *
 * With SSL_OP_NO_TICKET OpenSSL still sends two NewSessionTicket messages on each link (RFC 8446 §4.6.1), some 160 bytes
 * together; Node has no way to send none. Each holds 32 random bytes that stand for a state, and Node keeps no such state:
 * who offers one gets a full handshake. Without the option a ticket would hold the session itself, in 200 bytes more each,
 * and could be resumed by a server that is set up otherwise.
 */
export function serverTls(certPem: string, keyPem: string, choice: TlsChoice): TlsOptions {
  return {
    cert: certPem,
    key: keyPem,
    minVersion: "TLSv1.3",
    maxVersion: "TLSv1.3",
    ciphers: CIPHERS,
    ecdhCurve: groups(choice.allowClassical ?? false),
    ALPNProtocols: [ALPN],
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
}

/**
 * TLS of the client end. Names and issuers are not checked by TLS: the caller compares the certificate's key with the
 * peer id, which is stricter. No SNI is sent and no session is ever resumed.
 */
export function clientTls(choice: TlsChoice): ConnectionOptions {
  return {
    minVersion: "TLSv1.3",
    maxVersion: "TLSv1.3",
    ciphers: CIPHERS,
    ecdhCurve: groups(choice.allowClassical ?? false),
    ALPNProtocols: [ALPN],
    servername: "",
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
  };
}
