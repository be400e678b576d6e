import { execFileSync } from "node:child_process";
import type { TestContext } from "node:test";

/** Addresses of a home behind a router, and of the internet that it is at. All but `HOME` look public. */
export const HOME = "192.168.1.2";
export const ROUTER_INSIDE = "192.168.1.1";
export const WAN = "45.1.0.1";
/** Leads to the router as well, as an address of a provider's does that forwards to a home. */
export const FORWARDED = "45.1.9.9";
export const INTERNET = "51.20.0.1";
export const INTERNET_V6 = "2600:51::1";
/** Peers of two networks. */
export const PEERS = ["52.20.0.1", "53.20.0.1"] as const;
/** The prefix that the network translates, and what answers there in place of a translator. */
export const NAT64 = "2600:64::";
/** Of the home's other network, within the same /56. */
export const CAMERA = "2a00:45:1:3302::1";
const HOME_V6 = "2a00:45:1:3301::2";
const ROUTER_V6 = "2a00:45:1:3301::1";

/** What runs a command at each place. */
export interface HomeNetwork {
  readonly atHome: readonly string[];
  readonly atRouter: readonly string[];
  readonly atInternet: readonly string[];
}

/**
 * Three network namespaces, removed after the test:
 *
 *     home 192.168.1.2 ── 192.168.1.1 router 45.1.0.1 ── internet 51.20.0.1
 *     2a00:45:1:3301::2        └─ 2a00:45:1:3302::1 (a camera)
 *
 * The router forwards and translates no addresses: programs of the tests do what is needed of that.
 */
export function homeNetwork(test: TestContext): HomeNetwork {
  const name = (place: string): string => `byway-${process.pid}-${place}`;
  const line = (place: string): string => `by${place}${process.pid}`;
  for (const place of ["home", "router", "internet"]) {
    ip("netns", "add", name(place));
    test.after(() => ip("netns", "delete", name(place)));
    ip("-n", name(place), "link", "set", "lo", "up");
  }
  const join = (a: string, b: string): void => {
    const [one, other] = [line(`${a[0]}${b[0]}`), line(`${b[0]}${a[0]}`)];
    ip("link", "add", one, "netns", name(a), "type", "veth", "peer", "name", other, "netns", name(b));
    ip("-n", name(a), "link", "set", one, "up");
    ip("-n", name(b), "link", "set", other, "up");
  };
  const address = (place: string, to: string, ...addresses: readonly string[]): void => {
    for (const each of addresses) {
      const isV6 = each.includes(":");
      ip("-n", name(place), "address", "add", each, "dev", to === "lo" ? "lo" : line(to), ...(isV6 ? ["nodad"] : []));
    }
  };
  const route = (place: string, ...words: readonly string[]): void => {
    ip(...(words[0]?.includes(":") ? ["-6"] : []), "-n", name(place), "route", "add", ...words);
  };
  join("home", "router");
  join("router", "internet");
  address("home", "hr", `${HOME}/24`, `${HOME_V6}/64`);
  address("router", "rh", `${ROUTER_INSIDE}/24`, `${ROUTER_V6}/64`);
  address("router", "lo", `${CAMERA}/64`);
  address("router", "ri", `${WAN}/32`, `${FORWARDED}/32`, "2600:45::1/64");
  address("internet", "ir", `${INTERNET}/32`, ...PEERS.map((peer) => `${peer}/32`), "2600:45::2/64");
  address("internet", "lo", `${INTERNET_V6}/128`, `${NAT64}${INTERNET}/128`, `${NAT64}192.168.1.1/128`);
  address("internet", "lo", `${NAT64}${WAN}/128`);
  route("home", "0.0.0.0/0", "via", ROUTER_INSIDE);
  route("home", "::/0", "via", ROUTER_V6);
  route("router", "0.0.0.0/0", "via", INTERNET, "dev", line("ri"), "onlink");
  route("router", "::/0", "via", "2600:45::2");
  route("internet", "0.0.0.0/0", "via", WAN, "dev", line("ir"), "onlink");
  route("internet", "::/0", "via", "2600:45::1");
  const within = (place: string): readonly string[] => ["ip", "netns", "exec", name(place)];
  for (const setting of ["net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"]) {
    const [program = "", ...rest] = [...within("router"), "sh", "-c", `echo 1 > /proc/sys/${setting}`];
    execFileSync(program, rest);
  }
  return { atHome: within("home"), atRouter: within("router"), atInternet: within("internet") };
}

function ip(...args: readonly string[]): void {
  execFileSync("ip", args, { stdio: ["ignore", "ignore", "pipe"] });
}
