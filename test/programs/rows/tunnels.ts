import type { Command, ProgramRow } from "../program-row.ts";

/** A program that carries its standard input to the target and the answer back. */
function piped(line: string, { id }: { readonly id: string }): Command {
  return { argv: ["sh", "-c", line], input: `${id}\n` };
}

const RAW = ["raw"] as const;

/** Programs that carry bytes of any protocol. */
export const TUNNELS: readonly ProgramRow[] = [
  {
    program: "ncat",
    way: "SOCKS5, `--proxy`",
    line: "ncat --proxy 127.0.0.1:1080 --proxy-type socks5 --proxy-auth country-de:x --proxy-dns remote example.com 443",
    kinds: RAW,
    needs: ["ncat"],
    inReadme: true,
    command: piped,
  },
  {
    program: "socat",
    way: "HTTP, `PROXY`",
    line: "socat - PROXY:127.0.0.1:example.com:443,proxyport=1080,proxyauth=country-de:x",
    kinds: RAW,
    needs: ["socat"],
    command: piped,
  },
  {
    program: "socat",
    way: "SOCKS4a, `SOCKS4A`",
    line: "socat - SOCKS4A:127.0.0.1:example.com:443,socksport=1080,socksuser=country-de",
    kinds: RAW,
    needs: ["socat"],
    command: piped,
  },
  {
    program: "connect-proxy",
    way: "SOCKS5, `-S`",
    line: "SOCKS5_PASSWORD=x connect-proxy -5 -S country-de@127.0.0.1:1080 example.com 443",
    kinds: RAW,
    needs: ["connect-proxy"],
    command: piped,
  },
  {
    program: "connect-proxy",
    way: "HTTP, `-H`",
    line: "HTTP_PROXY_PASSWORD=x connect-proxy -H country-de@127.0.0.1:1080 example.com 443",
    kinds: RAW,
    needs: ["connect-proxy"],
    needsAsking: true,
    command: piped,
  },
  {
    program: "ncat",
    way: "HTTP, `--proxy`",
    line: "ncat --proxy 127.0.0.1:1080 --proxy-type http --proxy-auth country-de:x example.com 443",
    kinds: RAW,
    needs: ["ncat"],
    needsAsking: true,
    command: piped,
  },
  {
    program: "rsync",
    way: "HTTP, `RSYNC_PROXY`",
    line: "RSYNC_PROXY=country-de:x@127.0.0.1:1080 rsync rsync://example.com:443/",
    note: "For rsync's own protocol. rsync over ssh takes the settings of ssh.",
    kinds: RAW,
    needs: ["rsync"],
    command: (line, { id }) => ({ argv: ["sh", "-c", `${line}${id}`] }),
  },
];
