import { formatHostPort } from "../core/network-address.ts";
import type { BookPeer } from "../peers/book-peer.ts";
import { age, textTable } from "./text-table.ts";

const NOTHING = "-";
/** A table with such a column fits into 80 columns with the two beside it. */
const LIST_CHARACTERS = 44;

/** One line for each peer. */
export function peersText(peers: readonly BookPeer[], known: number, nowMs: number): string {
  if (peers.length === 0) return known === 0 ? "No peer is known.\n" : `None of the ${known} known peers fits.\n`;
  const table = textTable(
    ["country", "network", "as", "roles", "Mbit/s", "load", "rtt", "answered", "peer id"],
    peers.map(({ advertisement, place, rttMs, reachedAtMs, failures }) => {
      const isContradicted = (place.contradicted.length > 0 && "!") || "";
      return [
        `${place.country ?? NOTHING}${isContradicted}`,
        place.network,
        place.asn === undefined ? NOTHING : String(place.asn),
        advertisement.roles.join(","),
        advertisement.upMbps === undefined ? NOTHING : `${advertisement.downMbps ?? NOTHING}/${advertisement.upMbps}`,
        percent(advertisement.load),
        rttMs === undefined ? NOTHING : `${rttMs.toFixed(1)} ms`,
        reachedAtMs === undefined ? (failures > 0 ? "no" : NOTHING) : `${age(reachedAtMs, nowMs)} ago`,
        advertisement.peer,
      ];
    }),
  );
  const marked = peers.some(({ place }) => place.contradicted.length > 0);
  return `${table}${peers.length} of ${known} known.${marked ? " ! claims a place that the address data contradicts." : ""}\n`;
}

/** Every claim of one peer beside what is known of it otherwise. */
export function peerText(peer: BookPeer, nowMs: number): string {
  const { advertisement: claimed, place, reportedBy } = peer;
  const isFalse = (name: string): string =>
    place.contradicted.some((one) => one === name) ? " (contradicts the claim)" : "";
  const placed = (name: "country" | "region" | "city" | "asn" | "network"): readonly string[] => [
    name,
    text(claimed[name]),
    `${text(place[name])}${isFalse(name)}`,
  ];
  const days = claimed.availability;
  const rows: (readonly string[])[] = [
    placed("country"),
    placed("region"),
    placed("city"),
    placed("asn"),
    ["isp", text(claimed.isp), text(place.isp)],
    placed("network"),
    ["endpoints", claimed.endpoints.map(formatHostPort).join(", ") || NOTHING, answered(peer, nowMs)],
    ["round trip", NOTHING, peer.rttMs === undefined ? NOTHING : `${peer.rttMs.toFixed(1)} ms`],
    [
      "up since",
      claimed.upSinceSec === undefined ? NOTHING : `${age(claimed.upSinceSec * 1000, nowMs)} ago`,
      `known for ${age(peer.firstSeenMs, nowMs)}`,
    ],
    [
      "availability",
      days === undefined ? NOTHING : `${percent(days.last7Days)} of 7 days, ${percent(days.last30Days)} of 30`,
      NOTHING,
    ],
    [
      "bandwidth",
      claimed.upMbps === undefined ? NOTHING : `${claimed.downMbps ?? NOTHING} Mbit/s down, ${claimed.upMbps} up`,
      NOTHING,
    ],
    ["load", percent(claimed.load), NOTHING],
    ["price", priceText(peer), NOTHING],
    ...listRows("ports", portRanges(peer)),
    ...listRows("family", claimed.family ?? []),
  ];
  return [
    `peer       ${claimed.peer}`,
    `roles      ${claimed.roles.join(", ")} (${claimed.protocols.join(", ") || "no protocols"})`,
    `software   ${claimed.software}`,
    `signed     ${age(claimed.issuedAtSec * 1000, nowMs)} ago, number ${claimed.seq}, valid for ${age(nowMs, claimed.expiresAtSec * 1000)}`,
    `told by    ${reportedBy.kind}${reportedBy.peer === undefined ? "" : ` ${reportedBy.peer}`}, last seen ${age(peer.lastSeenMs, nowMs)} ago`,
    "",
    textTable(["", "claimed", "known"], rows),
  ].join("\n");
}

/** A peer for programs: all of its claims, and beside them what is known. */
export function peerJson(peer: BookPeer): object {
  const { advertisement, place, envelope: _, reportedBy, ...record } = peer;
  const { price, ...claims } = advertisement;
  return {
    peer: advertisement.peer,
    claims: {
      ...claims,
      ...(price === undefined
        ? {}
        : {
            price: {
              microUsdcPerGiB: Number(price.microUsdcPerGiB),
              microUsdcPerRequest: Number(price.microUsdcPerRequest),
            },
          }),
    },
    known: { place, ...record, toldBy: reportedBy },
  };
}

function text(value: string | number | undefined): string {
  return value === undefined ? NOTHING : String(value);
}

function percent(share: number | undefined): string {
  return share === undefined ? NOTHING : `${Math.round(share * 100)} %`;
}

function answered({ reachedAtMs, failures, checkedAtMs }: BookPeer, nowMs: number): string {
  if (checkedAtMs === undefined) return "never checked";
  const last = reachedAtMs === undefined ? "never answered" : `answered ${age(reachedAtMs, nowMs)} ago`;
  return failures === 0 ? last : `${last}; ${failures} checks failed since`;
}

function priceText({ advertisement: { price } }: BookPeer): string {
  if (price === undefined) return NOTHING;
  return `${price.microUsdcPerGiB} micro-USDC a GiB, ${price.microUsdcPerRequest} a request`;
}

function portRanges({ advertisement: { policy } }: BookPeer): readonly string[] {
  return policy.acceptedPorts.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`));
}

/** A claim of many items, in as many rows as keep the table narrow. */
function listRows(name: string, items: readonly string[]): readonly (readonly string[])[] {
  const lines: string[] = [];
  for (const item of items) {
    const longer = `${lines.at(-1) ?? ""}, ${item}`;
    if (lines.length === 0 || longer.length > LIST_CHARACTERS) lines.push(item);
    else lines[lines.length - 1] = longer;
  }
  if (lines.length === 0) return [[name, NOTHING, NOTHING]];
  return lines.map((line, index) => {
    const end = index < lines.length - 1 ? "," : "";
    return index === 0 ? [name, `${line}${end}`, NOTHING] : ["", `${line}${end}`, ""];
  });
}
