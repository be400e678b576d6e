import type { PortRange } from "../../wire/port-range.ts";

/** Ports for handing in mail: what open proxies are abused for first. */
export const MAIL_PORTS: readonly number[] = [25, 465, 587, 2525];

/** The name of a set of ports that rules may use. */
export type PortSetName = "tor-reduced-exit" | "web-only" | "mail" | "p2p";

/**
 * The sets of ports that have a name; ranges rise and do not touch.
 *
 * `tor-reduced-exit` is REDUCED_EXIT_POLICY of Tor (src/core/or/policies.c) without the mail ports 465 and 587. `p2p` is what
 * DEFAULT_EXIT_POLICY there closes for file sharing: FastTrack (1214), eDonkey and eMule (4661-4666, and eMule's own 4672),
 * Gnutella (6346-6429), Napster (6699) and BitTorrent (6881-6999).
 */
export const PORT_SETS: Readonly<Record<PortSetName, readonly PortRange[]>> = {
  "tor-reduced-exit": ranges(
    "20-23,43,53,79-81,88,110,143,194,220,389,443,464,531,543-544,554,563,636,706,749,873,902-904,981,989-995,1194,1220,1293," +
      "1500,1533,1677,1723,1755,1863,2082-2083,2086-2087,2095-2096,2102-2104,3128,3389,3690,4321,4643,5050,5190,5222-5223," +
      "5228,5900,6660-6669,6679,6697,8000,8008,8074,8080,8082,8087-8088,8232-8233,8332-8333,8443,8888,9418,9999-10000,11371," +
      "19294,19638,50002,64738",
  ),
  "web-only": ranges("80,443"),
  mail: MAIL_PORTS.map((port) => ({ first: port, last: port })),
  p2p: ranges("1214,4661-4666,4672,6346-6429,6699,6881-6999"),
};

/** The names of the sets, in the order of the documentation. */
export const PORT_SET_NAMES: readonly PortSetName[] = ["tor-reduced-exit", "web-only", "mail", "p2p"];

/** Whether `text` names a set. */
export function isPortSetName(text: string): text is PortSetName {
  return Object.hasOwn(PORT_SETS, text);
}

/** Ports as rules write them: `80`, `8000-8080`, with commas between. */
export function formatPorts(ports: readonly PortRange[]): string {
  return ports.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)).join(",");
}

function ranges(text: string): readonly PortRange[] {
  return text.split(",").map((part) => {
    const [first = 0, last = first] = part.split("-").map(Number);
    return { first, last };
  });
}
