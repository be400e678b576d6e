import { type Command, InvalidArgumentError } from "commander";
import { BywayError } from "../../core/errors.ts";
import { given } from "../../core/given.ts";
import { parsePeerId } from "../../identity/peer-id.ts";
import type { BookPeer } from "../../peers/book-peer.ts";
import { PEERS_LIMITS } from "../../peers/limits.ts";
import type { PeerBook } from "../../peers/peer-book.ts";
import type { NetworkKind } from "../../wire/advertisement.ts";
import { WIRE_LIMITS } from "../../wire/limits.ts";
import type { PeerQuery } from "../../wire/peer-query.ts";
import { jsonLine } from "../json-line.ts";
import { withKnownPeers } from "../known-peers.ts";
import { loadSettings } from "../load-settings.ts";
import { addNetworkName } from "../network-name-option.ts";
import { peerJson, peersText, peerText } from "../peer-report.ts";
import { addSettingOptions } from "../setting-options.ts";
import type { Terminal } from "../terminal.ts";

interface PeersOptions {
  readonly country?: readonly string[];
  readonly role?: readonly string[];
  readonly kind?: readonly NetworkKind[];
  readonly asn?: readonly number[];
  readonly city?: readonly string[];
  readonly state?: readonly string[];
  readonly isp?: readonly string[];
  readonly limit: number;
  readonly networkName?: string;
  readonly json?: true;
}

/** The most that one listing shows. */
const MOST = 10_000;
/** Enough of the end of an id to tell peers apart. */
const LEAST_ID_CHARACTERS = 6;

/** Adds `byway peers` and `byway peers show`. */
export function registerPeers(program: Command, terminal: Terminal): void {
  const peers = program
    .command("peers")
    .description("List the nodes that this peer knows: what they claim, and when they last answered.")
    .option("--country <cc,…>", "Only nodes in these countries.", words(/^[a-z]{2}$/i, "country codes of two letters"))
    .option("--role <name,…>", "Only nodes with all of these roles.", words(/^[a-z]{1,32}$/i, "names of roles"))
    .option(
      "--kind <name,…>",
      "Only nodes in these kinds of network: residential, mobile, hosting, unknown.",
      words(/^(?:residential|mobile|hosting|unknown)$/i, "some of residential, mobile, hosting, unknown"),
    )
    .option("--asn <n,…>", "Only nodes in these autonomous systems.", (text) =>
      words(/^\d{1,10}$/, "AS numbers")(text).map(Number),
    )
    .option("--city <name,…>", "Only nodes in these cities, however they are spelt.", names)
    .option("--state <name,…>", "Only nodes in these states or regions, by name or code: california, ca, us ca.", names)
    .option("--isp <name,…>", "Only nodes of these providers, by whole name or its first words.", names)
    .option("--limit <n>", "The most nodes to list. Nodes that answered last come first.", limit, 100);
  addNetworkName(peers);
  addSettingOptions(peers, "network").action(() => runList(peers, terminal));
  const show = peers
    .command("show <id>")
    .description("Show one node: each claim beside what is known from elsewhere. The end of its id is enough.");
  // It takes the options of `peers` as well; told twice they would fill the page.
  show.action((id: string) => runShow(show, terminal, id));
}

function words(form: RegExp, what: string): (text: string) => string[] {
  return (text) => {
    const items = text.split(",").map((item) => item.trim().toLowerCase());
    if (!items.every((item) => form.test(item))) throw new InvalidArgumentError(`It must be ${what}.`);
    return items;
  };
}

/** Names of places; `_` is a space, as in user names. */
function names(text: string): string[] {
  const items = text.split(",").map((item) => item.replaceAll("_", " ").trim());
  const { value: most } = WIRE_LIMITS.maxTextBytes;
  if (items.some((item) => item === "" || Buffer.byteLength(item) > most)) {
    throw new InvalidArgumentError(`It must be names of at most ${most} bytes.`);
  }
  return items;
}

function limit(text: string): number {
  const count = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > MOST) throw new InvalidArgumentError(`It must be a whole number from 1 to ${MOST}.`);
  return count;
}

async function runList(command: Command, terminal: Terminal): Promise<void> {
  const {
    country,
    role,
    kind,
    asn,
    city,
    state,
    isp,
    limit: most,
    json,
    networkName,
  } = command.optsWithGlobals<PeersOptions>();
  const query: PeerQuery = given({
    countries: country,
    roles: role,
    networks: kind,
    asns: asn,
    cities: city,
    regions: state,
    isps: isp,
  });
  const settings = await loadSettings(terminal, command, "network");
  await withKnownPeers(terminal, { ...settings, networkName }, ({ network, peers, remark }) => {
    const found = peers?.book.find(query, most, "reached", { failing: true }) ?? [];
    const known = peers?.book.size ?? 0;
    terminal.writeOut(
      json === true
        ? jsonLine({ network, known, peers: found.map(peerJson) })
        : peersText(found, known, terminal.clock.nowMs()),
    );
    if (json === true) return;
    const nothing =
      peers === undefined ? "Neither `byway up` nor `byway node` has found any peer here yet." : undefined;
    const text = remark ?? nothing;
    if (text !== undefined) terminal.writeError(`${text}\n`);
  });
}

async function runShow(command: Command, terminal: Terminal, id: string): Promise<void> {
  const settings = await loadSettings(terminal, command, "network");
  const { json, networkName } = command.optsWithGlobals<PeersOptions>();
  const isJson = json === true;
  await withKnownPeers(terminal, { ...settings, networkName }, ({ peers, remark }) => {
    const peer = peers === undefined ? undefined : findPeer(peers.book, id);
    if (remark !== undefined && !isJson) terminal.writeError(`${remark}\n`);
    if (peer === undefined) throw new BywayError("ERR_PEER_UNKNOWN", `no peer is known whose id is or ends in ${id}`);
    terminal.writeOut(isJson ? jsonLine(peerJson(peer)) : peerText(peer, terminal.clock.nowMs()));
  });
}

/** The peer with that id, or the only one whose id ends so. */
function findPeer(book: PeerBook, id: string): BookPeer | undefined {
  let whole: string;
  try {
    whole = parsePeerId(id);
  } catch {
    const end = id.replace(/^…/, "").toLowerCase();
    if (!new RegExp(`^[0-9a-z]{${LEAST_ID_CHARACTERS},61}$`).test(end)) {
      throw new BywayError(
        "ERR_USAGE_ARGUMENT",
        `${id} is neither a peer id nor the last ${LEAST_ID_CHARACTERS} or more of one`,
      );
    }
    const found = book
      .find({}, PEERS_LIMITS.storedPeers.value, "random", { failing: true })
      .filter(({ advertisement }) => advertisement.peer.endsWith(end));
    if (found.length > 1)
      throw new BywayError("ERR_USAGE_ARGUMENT", `${found.length} peers have an id that ends in ${id}`);
    return found[0];
  }
  return book.get(whole);
}
