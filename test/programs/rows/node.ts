import { fileURLToPath } from "node:url";
import type { Command, ProgramRow } from "../program-row.ts";

const PROXY = "http://country-de:x@127.0.0.1:1080";
const WEB = ["http", "https"] as const;
const MODULES = fileURLToPath(new URL("../../../node_modules/", import.meta.url));

const FETCH = "process.stdout.write(Buffer.from(await (await fetch(URL_OF)).arrayBuffer()))";

/** This Node runs a module; `URL_OF` in it is the target. */
function node(code: string, origin: string): Command {
  const text = code
    .replaceAll("URL_OF", JSON.stringify(`${origin}/`))
    .replaceAll(/"undici"/g, `"${MODULES}undici/index.js"`);
  return { argv: [process.execPath, "--input-type=module", "-e", text] };
}

/** Node's own ways to fetch, and undici. */
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
];
