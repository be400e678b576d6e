import type { Command, ProgramRow } from "../program-row.ts";

const PROXY = "http://country-de:x@127.0.0.1:1080";
const SOCKS = "socks5h://country-de:x@127.0.0.1:1080";
const WEB = ["http", "https"] as const;

/** Python writes what `expression` is; `before` comes first. */
function printing(before: string, expression: (line: string) => string): (line: string) => Command {
  return (line) => ({
    argv: ["python3", "-c", `import sys\n${before}\nsys.stdout.buffer.write(${expression(line)})`],
  });
}

/** Python runs the body of a coroutine, with `line` inside, which leaves the bytes in `body`. */
function awaiting(code: (line: string) => string): (line: string) => Command {
  return (line) => ({
    argv: ["python3", "-c", `import asyncio, sys\n${code(line)}\nsys.stdout.buffer.write(asyncio.run(main()))`],
  });
}

/** A shell may have set these for another proxy. What the line says must win, so here they name one that does not answer. */
const REQUESTS = `import os, requests
os.environ.update(http_proxy="http://127.0.0.1:9", https_proxy="http://127.0.0.1:9")`;

/** Writes what httpx got, by the name that this httpx has for its argument. */
function httpx(line: string): Command {
  const code = `import httpx, sys
try:
    answer = ${line}
except TypeError:
    answer = ${line.replace("proxy=", "proxies=")}
sys.stdout.buffer.write(answer.content)`;
  return { argv: ["python3", "-c", code] };
}

/** Makes one call, whose answer is the bytes. */
function grpc(line: string): Command {
  return printing(`import grpc, os\n${line}`, () => `channel.unary_unary("/example.Files/Get")(b"", timeout=30)`)(line);
}

/** Python's ways to fetch. */
export const PYTHON: readonly ProgramRow[] = [
  {
    program: "requests",
    way: "HTTP, `proxies`",
    line: `requests.get("https://example.com/", proxies=dict.fromkeys(["http", "https"], "${PROXY}"))`,
    language: "python",
    kinds: WEB,
    note: 'Name both schemes: with `{"all": …}`, the variables `http_proxy` and `https_proxy` of the shell would win.',
    needs: [],
    modules: ["requests"],
    inReadme: true,
    command: printing(REQUESTS, (line) => `${line}.content`),
  },
  {
    program: "requests",
    way: "SOCKS5, `proxies`",
    line: `requests.get("https://example.com/", proxies=dict.fromkeys(["http", "https"], "${SOCKS}"))`,
    language: "python",
    note: "Needs PySocks: `pip install requests[socks]`.",
    kinds: WEB,
    needs: [],
    modules: ["requests", "socks"],
    command: printing(REQUESTS, (line) => `${line}.content`),
  },
  {
    program: "httpx",
    way: "HTTP, `proxy`",
    line: `httpx.get("https://example.com/", proxy="${PROXY}")`,
    language: "python",
    note: "Before httpx 0.26 the argument is `proxies`.",
    kinds: WEB,
    needs: [],
    modules: ["httpx"],
    command: httpx,
  },
  {
    program: "httpx",
    way: "SOCKS5, `proxy`",
    line: `httpx.get("https://example.com/", proxy="socks5://country-de:x@127.0.0.1:1080")`,
    language: "python",
    note: "Needs socksio: `pip install httpx[socks]`. Names are resolved at the exit.",
    kinds: WEB,
    needs: [],
    modules: ["httpx", "socksio"],
    command: httpx,
  },
  {
    program: "aiohttp",
    way: "HTTP, `proxy`",
    line: `await session.get("https://example.com/", proxy="${PROXY}")`,
    language: "python",
    kinds: WEB,
    needs: [],
    modules: ["aiohttp"],
    inReadme: true,
    command: awaiting(
      (line) => `import aiohttp, ssl
async def main():
    trusted = aiohttp.TCPConnector(ssl=ssl.create_default_context())
    async with aiohttp.ClientSession(connector=trusted) as session:
        answer = ${line}
        return await answer.read()`,
    ),
  },
  {
    program: "aiohttp_socks",
    way: "SOCKS5, connector",
    line: 'connector = ProxyConnector.from_url("socks5://country-de:x@127.0.0.1:1080")',
    language: "python",
    kinds: WEB,
    needs: [],
    modules: ["aiohttp", "aiohttp_socks"],
    command: (line, { origin }) =>
      awaiting(
        (code) => `import aiohttp, ssl
from aiohttp_socks import ProxyConnector
async def main():
    ${code}
    async with aiohttp.ClientSession(connector=connector) as session:
        answer = await session.get("${origin}/", ssl=ssl.create_default_context())
        return await answer.read()`,
      )(line),
  },
  {
    program: "urllib",
    way: "HTTP, `ProxyHandler`",
    line: `urllib.request.build_opener(urllib.request.ProxyHandler({"https": "${PROXY}"})).open("https://example.com/")`,
    language: "python",
    kinds: WEB,
    needs: [],
    modules: ["urllib"],
    command: printing("import urllib.request", (line) => `${line}.read()`),
  },
  {
    program: "urllib",
    way: "HTTP, environment",
    line: `os.environ["https_proxy"] = "${PROXY}"`,
    language: "python",
    kinds: WEB,
    needs: [],
    modules: ["urllib"],
    command: (line, { origin }) => ({
      argv: [
        "python3",
        "-c",
        `import os, sys, urllib.request\n${line}\nsys.stdout.buffer.write(urllib.request.urlopen("${origin}/").read())`,
      ],
    }),
  },
  {
    program: "PySocks",
    way: "SOCKS5, `set_proxy`",
    line: 'connection.set_proxy(socks.SOCKS5, "127.0.0.1", 1080, username="country-de", password="x")',
    language: "python",
    kinds: ["raw"],
    needs: [],
    modules: ["socks"],
    command: (line, { origin, id }) => ({
      argv: [
        "python3",
        "-c",
        `import socks, sys
connection = socks.socksocket()
${line}
host, port = "${origin}".split(":")
connection.connect((host, int(port)))
connection.sendall(b"${id}\\n")
while chunk := connection.recv(65536):
    sys.stdout.buffer.write(chunk)`,
      ],
    }),
  },
  {
    program: "pycurl",
    way: "SOCKS5, `PROXY`",
    line: `c.setopt(c.PROXY, "${SOCKS}")`,
    language: "python",
    kinds: WEB,
    needs: [],
    modules: ["pycurl"],
    command: (line, { origin, home }) => ({
      argv: [
        "python3",
        "-c",
        `import pycurl, sys
c = pycurl.Curl()
c.setopt(c.URL, "${origin}/")
c.setopt(c.CAINFO, "${home}/ca.pem")
c.setopt(c.WRITEFUNCTION, sys.stdout.buffer.write)
${line}
c.perform()`,
      ],
    }),
  },
  {
    program: "websocket-client",
    way: "HTTP, `http_proxy_host`",
    line: `websocket.create_connection("wss://example.com/", proxy_type="http", http_proxy_host="127.0.0.1", http_proxy_port=1080, http_proxy_auth=("country-de", "x"))`,
    language: "python",
    kinds: WEB,
    needs: [],
    modules: ["websocket"],
    command: printing("import websocket", (line) => `${line}.recv()`),
  },
  {
    program: "websockets",
    way: "SOCKS5, `sock`",
    line: `sock = await Proxy.from_url("socks5://country-de:x@127.0.0.1:1080").connect("example.com", 443)`,
    language: "python",
    note: 'Then `websockets.connect("wss://example.com/", sock=sock)`. `Proxy` is from `python_socks.async_.asyncio`.',
    kinds: WEB,
    needs: [],
    modules: ["websockets", "python_socks"],
    command: (line, { kind, origin, home }) =>
      awaiting(
        (code) => `import ssl, websockets
from python_socks.async_.asyncio import Proxy
async def main():
    ${code}
    origin = "${origin.replace("http", "ws")}"
    trust = ${kind === "https" ? `ssl.create_default_context(cafile="${home}/ca.pem")` : "None"}
    host = origin.split("/")[2].split(":")[0]
    named = {"server_hostname": host} if trust else {}
    async with websockets.connect(origin + "/", sock=sock, ssl=trust, max_size=None, **named) as connection:
        return await connection.recv()`,
      )(line),
  },
  {
    program: "grpc",
    way: "HTTP, `grpc.http_proxy`",
    line: `channel = grpc.insecure_channel("example.com:443", options=[("grpc.http_proxy", "${PROXY}")])`,
    language: "python",
    kinds: ["raw"],
    needs: [],
    modules: ["grpc"],
    command: grpc,
  },
  {
    program: "grpc",
    way: "HTTP, environment",
    line: `os.environ["grpc_proxy"] = "${PROXY}"
channel = grpc.insecure_channel("example.com:443")`,
    language: "python",
    note: "gRPC of C++, Ruby and PHP has the same. It also obeys `https_proxy` and `http_proxy`, and `no_grpc_proxy` or `no_proxy`.",
    kinds: ["raw"],
    needs: [],
    modules: ["grpc"],
    command: grpc,
  },
];
