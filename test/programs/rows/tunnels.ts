import type { Command, ProgramRow, RowPlace } from "../program-row.ts";

/** A program that carries its standard input to the target and the answer back. */
function piped(line: string, { id }: { readonly id: string }): Command {
  return { argv: ["sh", "-c", line], input: `${id}\n` };
}

/** Has ssh log in with the suite's key and say which row it is. */
function bySsh(line: string, { home, id, origin }: RowPlace): Command {
  const port = origin.slice(origin.lastIndexOf(":") + 1);
  const known = line.replace(/\b(ssh|scp) -o/, `$1 -F '${home}/ssh/client.conf' -o Port=${port} -o`);
  return { argv: ["sh", "-c", known], environment: { ROW: id } };
}

const RAW = ["raw"] as const;
const SSH_PROGRAMS = ["ssh", "sshd", "ncat"];
const THROUGH_NCAT =
  "ncat --proxy 127.0.0.1:1080 --proxy-type socks5 --proxy-auth country-de:x --proxy-dns remote %h %p";

const CHAIN = `cat >proxychains.conf <<'END'
strict_chain
proxy_dns
[ProxyList]
socks5 127.0.0.1 1080 country-de x
END`;

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
    note: "For rsync's own protocol.",
    kinds: RAW,
    needs: ["rsync"],
    command: (line, { id }) => ({ argv: ["sh", "-c", `${line}${id}`] }),
  },
  {
    program: "ssh",
    way: "SOCKS5 by ncat, `ProxyCommand`",
    line: `ssh -o ProxyCommand='${THROUGH_NCAT}' ssh://example.com:22 cat body`,
    kinds: RAW,
    needs: SSH_PROGRAMS,
    command: bySsh,
  },
  {
    program: "scp",
    way: "SOCKS5 by ncat, `ProxyCommand`",
    line: `scp -o ProxyCommand='${THROUGH_NCAT}' scp://example.com:22/body .`,
    kinds: RAW,
    needs: ["scp", ...SSH_PROGRAMS],
    command: (line, place) => ({ ...bySsh(line, place), saves: "body" }),
  },
  {
    program: "rsync over ssh",
    way: "SOCKS5 by ncat, `ProxyCommand`",
    line: `rsync -e "ssh -o ProxyCommand='${THROUGH_NCAT}'" example.com:body .`,
    kinds: RAW,
    needs: ["rsync", ...SSH_PROGRAMS],
    command: (line, place) => ({ ...bySsh(line, place), saves: "body" }),
  },
  {
    program: "git over ssh",
    way: "SOCKS5 by ncat, `GIT_SSH_COMMAND`",
    line: `GIT_SSH_COMMAND="ssh -o ProxyCommand='${THROUGH_NCAT}'" git clone ssh://example.com:22/~/repo.git`,
    kinds: RAW,
    needs: ["git", ...SSH_PROGRAMS],
    command: (line, place) => ({ ...bySsh(line, place), saves: "repo/body" }),
  },
  {
    program: "proxychains4",
    way: "SOCKS5, `[ProxyList]`",
    line: `${CHAIN}
proxychains4 -q -f proxychains.conf curl https://example.com/`,
    note: "For programs that know of no proxy, if they use the C library for their connections. It carries TCP only: **UDP goes out directly**, past the proxy and without a warning.",
    kinds: ["http", "https"],
    needs: ["proxychains4", "curl"],
  },
  {
    program: "redis-cli",
    way: "SOCKS5 by proxychains4",
    line: `${CHAIN}
proxychains4 -q -f proxychains.conf redis-cli -u redis://example.com:6379 get key`,
    note: "Needs an exit whose policy accepts the port.",
    kinds: RAW,
    needs: ["proxychains4", "redis-cli"],
    command: (line, { id }) => ({ argv: ["sh", "-c", line.replace(/key$/, id)] }),
  },
  {
    program: "dig",
    way: "SOCKS5 by proxychains4",
    line: `${CHAIN}
proxychains4 -q -f proxychains.conf dig +tcp -p 53 @example.com example.org`,
    note: "`@example.com` is the name server. Without `+tcp`, dig asks by UDP, which goes out **directly**. Without `@`, it asks the name server of this machine, and an exit refuses that if its address is private.",
    kinds: RAW,
    needs: ["proxychains4", "dig"],
    command: (line, { id }) => ({ argv: ["sh", "-c", line.replace(/ example\.org$/, ` +short ${id}`)] }),
  },
];
