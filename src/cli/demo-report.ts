import { join, resolve } from "node:path";
import { formatHostPort } from "../core/network-address.ts";
import type { Testnet } from "../testnet/testnet.ts";
import { jsonLine } from "./json-line.ts";
import { shellQuote } from "./shell-quote.ts";

/** What one request of `byway demo --once` showed. */
export type Fetched = { readonly hops: number; readonly secure: boolean } & Awaited<ReturnType<Testnet["fetchOnce"]>>;

function proxyAddress(testnet: Testnet): string {
  return testnet.client.address === undefined ? "" : formatHostPort(testnet.client.address);
}

function nodeRows(testnet: Testnet): { peerId: string; country: string; city: string; address: string }[] {
  return testnet.nodes.map((node) => ({
    peerId: node.peerId,
    country: node.place.country,
    city: node.place.city,
    address: formatHostPort(node.address),
  }));
}

/** No node of the demo is there, so that what leaves from there leaves by the node that joined. */
const JOINING_COUNTRY = "se";
/** No address of the demo's nodes: its made-up address data says nothing of it, and the claim counts. */
const JOINING_HOST = "127.99.0.1";

/** How a node on this machine joins, with a directory that goes with the demo. */
function joining(demo: {
  readonly networkFile: string;
  readonly data: string;
  readonly target: Testnet["target"];
  readonly distinctAddresses: boolean;
}): string {
  const { networkFile, data, target, distinctAddresses } = demo;
  const host = distinctAddresses ? JOINING_HOST : "127.0.0.1";
  return [
    ...["node", "--exit", "--listen", `${host}:0`, ...(distinctAddresses ? ["--bind-egress", host] : [])],
    ...["--country", JOINING_COUNTRY, "--network-file", shellQuote(resolve(networkFile))],
    ...["--data", shellQuote(join(data, "joined"))],
    ...[target.http, target.https].flatMap((one) => ["--allow-target", formatHostPort(one)]),
  ].join(" ");
}

/** What is running, and lines to copy; one line if `json`. */
export function demoReport(
  testnet: Testnet,
  {
    json,
    networkFile,
    program,
    data,
  }: {
    readonly json: boolean;
    readonly networkFile: string | undefined;
    /** How this program was started, for lines to copy: `byway` or `npx byway`. */
    readonly program: string;
    /** The data directory of the client. */
    readonly data: string;
  },
): string {
  const address = proxyAddress(testnet);
  const http = `http://${formatHostPort(testnet.target.http)}/`;
  const https = `https://${formatHostPort(testnet.target.https)}/`;
  const nodes = nodeRows(testnet);
  const { distinctAddresses, target } = testnet;
  if (json) {
    return jsonLine({
      ready: true,
      address,
      nodes,
      target: { http, https },
      bootstrap: testnet.network.bootstrap,
      distinctAddresses,
      data,
    });
  }
  const country = nodes[0]?.country ?? "de";
  return [
    `A network of ${nodes.length} nodes runs on this machine.`,
    "",
    "country  city         address               peer id",
    ...nodes.map((n) => `${n.country.padEnd(7)}  ${n.city.padEnd(11)}  ${n.address.padEnd(20)}  ${n.peerId}`),
    ...(distinctAddresses
      ? []
      : ["", "This system has only one loopback address, so the target sees the same address for all nodes."]),
    "",
    `The proxy answers SOCKS and HTTP at ${address}. Lines to copy:`,
    `  curl -x socks5h://${address} ${http}`,
    `  curl -x socks5h://country-${country}:x@${address} ${http}`,
    `  curl -x socks5h://country-${country}-session-a1:x@${address} ${http}`,
    `  curl -x socks5h://hops-3:x@${address} ${http}`,
    `  curl -x http://country-${country}-hops-3:x@${address} -k ${https}`,
    "(-k, because the demo made the target's certificate itself.)",
    "",
    "What was chosen, and why:",
    `  ${program} pick --country ${country} --data ${data}`,
    `  ${program} requests --data ${data}`,
    `  ${program} peers --data ${data}`,
    ...(networkFile === undefined
      ? []
      : [
          "",
          "An exit on this machine joins with the first line; the second one uses it:",
          `  ${program} ${joining({ networkFile, data, target, distinctAddresses })}`,
          `  curl -x socks5h://country-${JOINING_COUNTRY}:x@${address} ${http}`,
        ]),
    "",
  ].join("\n");
}

/** What the target saw by each way, and how long each stage took; one line if `json`. */
export function fetchedReport(testnet: Testnet, fetched: readonly Fetched[], json: boolean): string {
  if (json) {
    const results = fetched.map(({ hops, secure, route, saw, timings }) => ({
      hops,
      secure,
      route: route.hops,
      saw,
      timings,
    }));
    return jsonLine({ ready: true, address: proxyAddress(testnet), nodes: nodeRows(testnet), results });
  }
  return fetched
    .flatMap(({ hops, secure, route, saw, timings }) => [
      `${hops} hop${hops === 1 ? "" : "s"} over ${secure ? "HTTPS" : "HTTP"}`,
      `  through ${route.hops.map(({ country, peerId }) => country ?? peerId).join(", ")}`,
      `  the target saw a connection from ${saw.sourceAddress}${saw.tls === undefined ? "" : ` with ${saw.tls.version}, ${saw.tls.cipher}`}`,
      ...Object.entries(saw.headers).map(([name, value]) => `    ${name}: ${String(value)}`),
      `  took: ${timings.map(({ hop, stage, ms }) => `hop ${hop} ${stage} ${ms.toFixed(1)} ms`).join(", ")}`,
      "",
    ])
    .join("\n");
}
