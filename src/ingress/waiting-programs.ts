import { fieldsOf, type RawHeaders } from "../http1/fields.ts";

/** What a request shows of the program that sent it. */
export interface RequestShape {
  readonly method?: string | undefined;
  /** The target as the request line has it. */
  readonly url?: string | undefined;
  readonly httpVersion: string;
  readonly rawHeaders: RawHeaders;
}

/** Programs that tell their name, and send credentials only after a 407: `User-Agent` begins with the text. */
const BY_PRODUCT: readonly (readonly [product: string, program: string])[] = [
  ["git/", "git"],
  ["SVN/", "Subversion"],
  ["Lavf/", "ffmpeg"],
  ["lftp/", "lftp"],
  ["w3m/", "w3m"],
  ["Lynx/", "Lynx"],
  ["Java/", "Java"],
  ["Java-http-client/", "Java"],
  ["Apache-HttpClient/", "Apache HttpClient"],
  ["okhttp/", "OkHttp"],
];

/**
 * The program that sent a request, if it is one of those that hold back a configured user name until a proxy answers 407.
 * Undefined for all others, and if the request says nothing of itself (`saysNothingOfItself`).
 */
export function waitingProgram(request: RequestShape): string | undefined {
  const fields = [...fieldsOf(request.rawHeaders)]
    .filter(([name]) => name !== "proxy-authorization")
    .map(([name, , value]) => [name, value] as const);
  const agent = fields.find(([name]) => name === "user-agent")?.[1] ?? "";
  const known = BY_PRODUCT.find(([product]) => agent.startsWith(product));
  return (
    known?.[1] ??
    browser(agent, fields) ??
    (request.method === "CONNECT" ? byConnect(request, fields) : byField(fields))
  );
}

/**
 * Whether a request is a CONNECT with no field but Host. ncat, connect-proxy, Java's HttpClient, and Subversion
 * at a port other than 443 send it first and their user name only after a 407. Python, PHP, Ruby, nc, socat, corkscrew and rsync send the same bytes if
 * they have no name, and fail after a 407.
 */
export function saysNothingOfItself({ method, rawHeaders }: RequestShape): boolean {
  return method === "CONNECT" && [...fieldsOf(rawHeaders)].every(([name]) => name === "host");
}

type Fields = readonly (readonly [name: string, value: string])[];

/** Browsers, by the order of their fields too: programs that only borrow a browser's `User-Agent` send others. */
function browser(agent: string, fields: Fields): string | undefined {
  if (!agent.startsWith("Mozilla/")) return undefined;
  const names = fields.map(([name]) => name);
  const at = names.indexOf("proxy-connection");
  const keepsAlive = fields[at]?.[1] === "keep-alive";
  // Host, Proxy-Connection, …: Chromium and all that is made of it, and Qt.
  if (keepsAlive && names[at - 1] === "host") return "Chromium";
  if (!agent.includes("Firefox/")) return undefined;
  // A CONNECT: User-Agent, Proxy-Connection, …
  if (keepsAlive && at === 1 && names[0] === "user-agent") return "Firefox";
  const plain = ["host", "user-agent", "accept", "accept-language"];
  return plain.every((name, index) => names[index] === name) ? "Firefox" : undefined;
}

function byConnect({ url, httpVersion }: RequestShape, fields: Fields): string | undefined {
  // RFC 9112 §3.2 demands a Host in 1.1, and lftp alone leaves it out.
  if (httpVersion === "1.1" && fields.length === 0) return "lftp";
  const [first, second] = fields;
  // Subversion leaves the port of https out of Host, where other programs with no more to say repeat the request line.
  if (httpVersion === "1.1" && fields.length === 1 && first?.[0] === "host" && url === `${first[1]}:443`) {
    return "Subversion";
  }
  // ffmpeg names the proxy in Host, where all others name the target.
  const namesProxy = first?.[0] === "host" && first[1] !== url && first[1] !== url?.replace(/:\d+$/, "");
  const closes = second?.[0] === "connection" && second[1] === "close";
  return fields.length === 2 && namesProxy && closes ? "ffmpeg" : undefined;
}

/** A program made with ffmpeg's library says what it likes in `User-Agent`, and asks for the titles of a radio stream. */
function byField(fields: Fields): string | undefined {
  return fields.some(([name]) => name === "icy-metadata") ? "ffmpeg" : undefined;
}
