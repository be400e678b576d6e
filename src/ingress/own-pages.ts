import { createHash } from "node:crypto";
import { isIPv4, type Socket } from "node:net";
import { BywayError } from "../core/errors.ts";
import { unmapped } from "../core/mapped-ipv4.ts";
import { formatHostPort, type HostPort } from "../core/network-address.ts";
import { normaliseHost } from "../wire/authority.ts";
import type { Answer } from "./answer.ts";

const STYLE =
  "body{font:16px/1.5 system-ui,sans-serif;max-width:42rem;margin:3rem auto;padding:0 1rem}" +
  "pre{padding:.75rem;overflow:auto;border:1px solid}";

/** Allows the page its own style and nothing else. */
const CONTENT_SECURITY_POLICY = `default-src 'none'; style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** The proxy that answers. */
export interface OwnProxy {
  /** The connection by which the app reached it. */
  readonly socket: Socket;
  /** Whether nothing passes without a user name. */
  readonly asksForName: boolean;
}

/**
 * Answers a request to the proxy itself, as a browser sends it that opens the proxy's address.
 *
 * @throws BywayError ERR_REQUEST_TARGET when `Host` names something else than this machine (a name that somebody
 * points here to make a browser take the page for theirs), ERR_PAGE_UNKNOWN for what is not there.
 */
export function ownPage(method: string, path: string, host: string | undefined, own: OwnProxy): Answer {
  const at = ownAddress(own.socket);
  if (!isOwnHost(host, at.host))
    throw new BywayError("ERR_REQUEST_TARGET", "the request is for a web server and reached a proxy");
  if (method === "GET" || method === "HEAD") {
    if (path === "/") return page("text/html; charset=utf-8", explanation(at), CONTENT_SECURITY_POLICY);
    if (path === "/proxy.pac")
      return page("application/x-ns-proxy-autoconfig", autoConfiguration(at, own.asksForName), "default-src 'none'");
  }
  throw new BywayError("ERR_PAGE_UNKNOWN", "the proxy itself has no such page");
}

/** The address at which the app reached the proxy. */
function ownAddress(socket: Socket): HostPort {
  return { host: unmapped(socket.localAddress ?? ""), port: socket.localPort ?? 0 };
}

function isOwnHost(field: string | undefined, own: string): boolean {
  // HTTP/1.0 knows no Host, and no browser that could be led astray speaks it.
  if (field === undefined) return true;
  const text = field.replace(/:\d*$/, "");
  let host: string;
  try {
    host = normaliseHost(text.startsWith("[") ? text.slice(1, -1) : text);
  } catch {
    return false;
  }
  return host === own || host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."));
}

function page(type: string, body: string, policy: string): Answer {
  const headers = [
    ["Content-Type", type],
    ["Content-Security-Policy", policy],
    ["X-Content-Type-Options", "nosniff"],
    ["Referrer-Policy", "no-referrer"],
    ["Cache-Control", "no-store"],
  ];
  return { status: 200, headers: headers.flat(), body };
}

/**
 * One way alone: a browser takes a SOCKS reply that tells of a dead page for a broken proxy, and would go over to a second way for
 * all pages. SOCKS adds nothing to a request; only HTTP lets a browser ask for a user name.
 */
function autoConfiguration(at: HostPort, asksForName: boolean): string {
  const address = formatHostPort(at);
  return `function FindProxyForURL(url, host) {
  if (/^(localhost|.*\\.localhost|127\\.\\d+\\.\\d+\\.\\d+|\\[?::1\\]?)$/i.test(host)) return "DIRECT";
  return "${asksForName ? "PROXY" : "SOCKS5"} ${address}";
}
`;
}

function explanation(at: HostPort): string {
  const address = formatHostPort(at);
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Byway</title><style>${STYLE}</style></head>
<body>
<h1>This is a Byway proxy</h1>
<p>It is not a web site. Programs send their traffic through it, and the traffic reaches the internet from another peer's address.
One port answers SOCKS5, SOCKS4a and HTTP.</p>
<h2>Use it</h2>
<pre>curl -x socks5h://${address} https://example.com/
curl -x http://${address} https://example.com/</pre>
<p>In a browser, set the automatic proxy configuration URL to
<a href="/proxy.pac">http://${address}/proxy.pac</a>.</p>
<h2>Choose the exit</h2>
<p>Write parameters in the user name, or in the header <code>byway-select</code>:</p>
<pre>curl -x http://country-de+nl-hops-3:x@${address} https://example.com/
curl -x http://${address} --proxy-header 'byway-select: country=us, city="new york"' https://example.com/</pre>
<p>Each request may use another exit. A session keeps one exit, here for 30 minutes:</p>
<pre>curl -x http://country-us-session-cart7-sesstime-30:x@${address} https://example.com/</pre>
<p>With <code>-strict</code>, a request fails instead of changing the session's exit. If a parameter is misspelt, or no node fits,
the error says so. If the proxy has users, begin with the user: <code>user-alice-country-us</code>.</p>
<p>With the header <code>byway-debug: 1</code> in a request, the answer names the exit and the hops.</p>
<p>The operator of an exit can read what is not encrypted. Prefer https.</p>
</body>
</html>
`;
}
