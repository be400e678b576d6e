import { fileURLToPath } from "node:url";
import type { Command, ProgramRow, RowPlace } from "../program-row.ts";

const PROXY = "http://country-de:x@127.0.0.1:1080";
const WEB = ["http", "https"] as const;
const MODULES = fileURLToPath(new URL("../../../node_modules/", import.meta.url));

const FETCH = "process.stdout.write(Buffer.from(await (await fetch(URL_OF)).arrayBuffer()))";

/** This Node runs a module; `URL_OF` in it is the target. */
function node(code: string, origin: string): Command {
  const text = code
    .replaceAll("URL_OF", JSON.stringify(`${origin}/`))
    .replaceAll(/"undici"/g, `"${MODULES}undici/index.js"`)
    .replaceAll(/"ws"/g, `"${MODULES}ws/wrapper.mjs"`);
  return { argv: [process.execPath, "--input-type=module", "-e", text] };
}

/** Writes the one message of the WebSocket that `line` opens. */
function webSocket(line: string, { kind, origin }: RowPlace): Command {
  const opened = kind === "http" ? line.replace("https.", "http.").replace("HTTPS_PROXY", "HTTP_PROXY") : line;
  const code = `import { WebSocket } from "ws"; import http from "node:http"; import https from "node:https";
(${opened}).on("message", (message) => process.stdout.write(message))`;
  return node(code, origin);
}

/** Node's own ways to fetch, undici, and ws. */
export const NODE: readonly ProgramRow[] = [
  {
    program: "Node fetch",
    way: "HTTP, environment by `byway env`",
    line: 'eval "$(npx byway env --country de)"; node app.js',
    note: "Node 24 or newer, where `http.get` heeds the variables as well. They are `NODE_USE_ENV_PROXY=1`, `http_proxy` and `https_proxy`.",
    kinds: WEB,
    needs: [],
    inReadme: true,
    command: (line, { origin }) => ({
      argv: ["sh", "-c", `cat > app.mjs && ${line.replace("node app.js", `'${process.execPath}' app.mjs`)}`],
      input: FETCH.replace("URL_OF", JSON.stringify(`${origin}/`)),
    }),
  },
  {
    program: "undici",
    way: "HTTP, `ProxyAgent`",
    line: `await fetch("https://example.com/", { dispatcher: new ProxyAgent("${PROXY}") })`,
    language: "js",
    kinds: WEB,
    needs: [],
    inReadme: true,
    command: (line, { origin }) =>
      node(
        `import { fetch, ProxyAgent } from "undici"; process.stdout.write(Buffer.from(await (${line}).arrayBuffer()))`,
        origin,
      ),
  },
  {
    program: "undici",
    way: "HTTP, `EnvHttpProxyAgent`",
    line: `setGlobalDispatcher(new EnvHttpProxyAgent({ httpsProxy: "${PROXY}" }))`,
    language: "js",
    kinds: WEB,
    needs: [],
    command: (line, { kind, origin }) =>
      node(
        `import { fetch, EnvHttpProxyAgent, setGlobalDispatcher } from "undici"; ${kind === "http" ? line.replace("httpsProxy", "httpProxy") : line}; ${FETCH}`,
        origin,
      ),
  },
  {
    program: "undici",
    way: "SOCKS5, `Socks5ProxyAgent`",
    line: 'await fetch("https://example.com/", { dispatcher: new Socks5ProxyAgent("socks5://country-de:x@127.0.0.1:1080") })',
    language: "js",
    kinds: WEB,
    needs: [],
    command: (line, { origin }) =>
      node(
        `import { fetch, Socks5ProxyAgent } from "undici"; process.stdout.write(Buffer.from(await (${line}).arrayBuffer()))`,
        origin,
      ),
  },
  {
    program: "ws",
    way: "HTTP, Node's own agent",
    line: `new WebSocket("wss://example.com/", { agent: new https.Agent({ proxyEnv: { HTTPS_PROXY: "${PROXY}" } }) })`,
    language: "js",
    note: "For `ws://` use `http.Agent` and `HTTP_PROXY`.",
    kinds: WEB,
    needs: [],
    command: webSocket,
  },
];
