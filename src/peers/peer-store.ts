import type { Clock } from "../core/clock.ts";
import { BywayError, type JsonValue } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import { type Random, seededRandom } from "../core/random.ts";
import { StoreFile } from "../storage/store-file.ts";
import type { PeerQuery } from "../wire/peer-query.ts";
import { PEERS_LIMITS } from "./limits.ts";
import { type PeerCounts, readPeerCounts } from "./peer-counts.ts";
import { type Crowd, evictPeers, makeRoomIn } from "./peer-eviction.ts";
import { peerTraits } from "./peer-traits.ts";
import { PlaceKeys } from "./place-keys.ts";
import { countPeers, LOTS, type QueryOptions, queryPeers } from "./query-peers.ts";
import { PEER_STORE_FORMAT } from "./store-schema.ts";
import { type PeerEntry, rowToPeer, type StoredPeer, wordsToText } from "./stored-peer.ts";

/** How a store is made. */
export interface PeerStoreOptions {
  /** The file, or `:memory:`. */
  readonly path: string;
  /** The most bytes of the file; default 256 MiB. */
  readonly maxBytes?: number;
  /** How long to wait while another process writes; default half a second. */
  readonly busyMs?: number;
  /** The most peers that it keeps. Default 50,000. */
  readonly capacity?: number;
}

/** One who signed two things with one number. */
export interface Equivocation {
  readonly peer: string;
  readonly foundAtMs: number;
  /** What forgetting it would cost: how long it had been known, in ms, and more where it was reached. */
  readonly standing: number;
  /** The two envelopes that prove it. */
  readonly proof: readonly [Uint8Array, Uint8Array];
}

const BY_PEER = "WHERE substr(peer, -20) = substr(?1, -20) AND peer = ?1";
const UPSERT = `
  INSERT INTO peers (peer, seq, issued_at, expires_at, country, region, city, asn, proven_asn, isp, network, contradicted, roles,
    protocols, traits, prefix, software, up_mbps, down_mbps, lot, first_seen, last_seen, told_kind, told_peer, envelope,
    region_code, city_key, place_marks)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (substr(peer, -20)) DO UPDATE SET seq = excluded.seq, issued_at = excluded.issued_at,
    expires_at = excluded.expires_at, country = excluded.country, region = excluded.region, city = excluded.city,
    asn = excluded.asn, proven_asn = excluded.proven_asn, isp = excluded.isp, network = excluded.network, contradicted = excluded.contradicted,
    roles = excluded.roles, protocols = excluded.protocols, traits = excluded.traits, prefix = excluded.prefix, software = excluded.software,
    up_mbps = excluded.up_mbps, down_mbps = excluded.down_mbps, last_seen = excluded.last_seen,
    told_kind = excluded.told_kind, told_peer = excluded.told_peer, envelope = excluded.envelope, region_code = excluded.region_code, city_key = excluded.city_key,
    place_marks = excluded.place_marks
  WHERE excluded.seq > peers.seq OR expires_at <= ? OR (peers.told_peer = peers.peer AND excluded.told_peer IS NOT peers.peer)`;

/**
 * Peers and small state in one SQLite file (docs/directory-store.md). It keeps and finds; what is let in is for
 * the PeerBook to decide. All calls are synchronous, and throw ERR_STORE where the file is locked for too long; what else
 * befalls the file is dealt with (`StoreFile`).
 */
export class PeerStore {
  readonly #clock: Clock;
  /** Quick, and secret all the same: no lot leaves this process. */
  readonly #lots: Random;
  readonly #file: StoreFile;
  readonly #keys = new PlaceKeys();
  readonly #capacity: number;

  /** Opens the file, or makes it with mode 0600. Throws ERR_STORE. */
  constructor(components: { clock: Clock; random: Random; logger: Logger }, options: PeerStoreOptions) {
    this.#clock = components.clock;
    this.#lots = seededRandom(Math.floor(components.random.float() * LOTS));
    this.#capacity = options.capacity ?? PEERS_LIMITS.storedPeers.value;
    this.#file = new StoreFile(components, PEER_STORE_FORMAT, {
      busyMs: PEERS_LIMITS.storeBusyMs.value,
      ...options,
    });
  }

  /** Whether what is written will be gone with the process. */
  get inMemory(): boolean {
    return this.#file.inMemory;
  }

  /** All peers, expired ones too. */
  get size(): number {
    const row = this.#file.attempt(() => this.#file.get("SELECT count(*) AS n FROM peers"));
    return Number(row?.n ?? 0);
  }

  /**
   * Writes peers in one transaction, each in place of what was held of it unless that has a higher or the same `seq`, has
   * not expired and was not the peer's own word; what was found out by checks stays. Over the capacity the least useful go (`evictPeers`).
   */
  put(batch: readonly PeerEntry[]): void {
    if (batch.length === 0) return;
    this.#file.attempt(() =>
      this.#file.transaction(() => {
        for (const entry of batch) this.#write(entry);
        const over = this.size - this.#capacity;
        if (over > 0)
          evictPeers(this.#file, over, { capacity: this.#capacity, nowSec: this.#nowSec(), lot: this.#lot() });
      }),
    );
  }

  /** What is held of one peer, expired or not. */
  get(peer: string): StoredPeer | undefined {
    const row = this.#file.attempt(() => this.#file.get(`SELECT * FROM peers ${BY_PEER}`, peer));
    return row === undefined ? undefined : rowToPeer(row);
  }

  /** At most `options.limit` peers that fit the query. */
  query(query: PeerQuery, options: QueryOptions): readonly StoredPeer[] {
    return this.#file.attempt(() => queryPeers(this.#file, query, options, this.#nowSec(), this.#lots));
  }

  /** How many valid peers fit the query; looks at each peer of the countries or ASes that it names. */
  count(query: PeerQuery = {}): number {
    return this.#file.attempt(() => countPeers(this.#file, query, this.#nowSec()));
  }

  /** Sums over all valid peers; reads the whole store, so ask for a person or once a minute. */
  counts(): PeerCounts {
    return this.#file.attempt(() => readPeerCounts(this.#file, this.#clock.nowMs()));
  }

  /** How many peers one network has. */
  crowdSize(crowd: Crowd): number {
    const row = this.#file.attempt(() => this.#file.get("SELECT size FROM crowds WHERE name = ?", crowd));
    return Number(row?.size ?? 0);
  }

  /** Forgets one peer of a network that has expired or cannot be reached, or `isForMet` never was; false if it has none. */
  makeRoom(crowd: Crowd, isForMet = false): boolean {
    return this.#file.attempt(() => makeRoomIn(this.#file, crowd, this.#nowSec(), isForMet));
  }

  /** Notes that a peer answered a check after `rttMs`, or did not. */
  recordCheck(peer: string, rttMs: number | undefined): void {
    const nowMs = Math.floor(this.#clock.nowMs());
    this.#file.attempt(() => {
      if (rttMs === undefined) {
        this.#file.run(`UPDATE peers SET checked_at = ?2, failures = failures + 1 ${BY_PEER}`, peer, nowMs);
      } else {
        const set = "checked_at = ?2, reached_at = ?2, last_seen = max(last_seen, ?2), rtt_ms = ?3, failures = 0";
        this.#file.run(`UPDATE peers SET ${set} ${BY_PEER}`, peer, nowMs, rttMs);
      }
    });
  }

  /** Notes that somebody in `network` named `peers`; of each peer two networks are remembered. */
  noteNamed(network: string, peers: readonly string[]): void {
    const sql = `UPDATE peers SET named_in = ltrim(coalesce(named_in, '') || ' ' || ?2) ${BY_PEER}
      AND coalesce(named_in, '') <> ?2 AND instr(coalesce(named_in, ''), ' ') = 0`;
    this.#file.attempt(() =>
      this.#file.transaction(() => {
        for (const peer of peers) this.#file.run(sql, peer, network);
      }),
    );
  }

  /** Notes that a peer was met where it says it stands. */
  recordMet(peer: string): void {
    const nowMs = Math.floor(this.#clock.nowMs());
    const set = "reached_at = ?2, last_seen = max(last_seen, ?2)";
    this.#file.attempt(() => this.#file.run(`UPDATE peers SET ${set} ${BY_PEER}`, peer, nowMs));
  }

  /** Forgets that a peer answered where it was, and where it `isForgiven` that it did not. */
  noteMove(peer: string, isForgiven: boolean): void {
    const set = `reached_at = NULL, rtt_ms = NULL${isForgiven ? ", failures = 0" : ""}`;
    this.#file.attempt(() => this.#file.run(`UPDATE peers SET ${set} ${BY_PEER}`, peer));
  }

  /** Notes when peers were last told of, in one transaction; unknown ones are passed over. */
  touch(peers: ReadonlyMap<string, number>): void {
    if (peers.size === 0) return;
    this.#file.attempt(() =>
      this.#file.transaction(() => {
        for (const [peer, seenMs] of peers) {
          this.#file.run(`UPDATE peers SET last_seen = max(last_seen, ?2) ${BY_PEER}`, peer, Math.floor(seenMs));
        }
      }),
    );
  }

  remove(peer: string): void {
    this.#file.attempt(() => this.#file.run(`DELETE FROM peers ${BY_PEER}`, peer));
  }

  /** Forgets peers that have expired at `nowMs`, `limit` at most; those that once answered only `keepMs` after that. */
  forgetExpired(nowMs: number, keepMs: number, limit: number): number {
    const sql = `DELETE FROM peers WHERE id IN (SELECT id FROM peers INDEXED BY peers_expires
      WHERE expires_at <= ? AND (reached_at IS NULL OR reached_at < ?) LIMIT ?)`;
    return this.#file.attempt(() => this.#file.run(sql, Math.floor(nowMs / 1000), Math.floor(nowMs - keepMs), limit));
  }

  /** The proof against a peer, if one is held. */
  equivocation(peer: string): Equivocation | undefined {
    const row = this.#file.attempt(() => this.#file.get("SELECT * FROM equivocators WHERE peer = ?", peer));
    if (row === undefined) return undefined;
    const { found_at: foundAt, standing, first, second } = row;
    if (!(first instanceof Uint8Array) || !(second instanceof Uint8Array)) return undefined;
    return { peer, foundAtMs: Number(foundAt), standing: Number(standing), proof: [first, second] };
  }

  /** Keeps a proof and drops the peer. Over the bound, proofs of the least standing go, this one if it is that. */
  keepEquivocation({ peer, foundAtMs, standing, proof }: Equivocation): void {
    const over = "(SELECT max(0, count(*) - ?) FROM equivocators)";
    this.#file.attempt(() =>
      this.#file.transaction(() => {
        this.#file.run(`DELETE FROM peers ${BY_PEER}`, peer);
        const insert = "INSERT INTO equivocators VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
        this.#file.run(insert, peer, Math.floor(foundAtMs), Math.floor(standing), ...proof);
        this.#file.run(
          `DELETE FROM equivocators WHERE peer IN
             (SELECT peer FROM equivocators ORDER BY standing, found_at DESC LIMIT ${over})`,
          PEERS_LIMITS.equivocators.value,
        );
      }),
    );
  }

  /** Forgets proofs that were found before `sinceMs`. */
  forgetEquivocations(sinceMs: number): void {
    this.#file.attempt(() => this.#file.run("DELETE FROM equivocators WHERE found_at < ?", Math.floor(sinceMs)));
  }

  /** A value of small state; undefined if there is none, or none that can be read. */
  readState(name: string): JsonValue | undefined {
    const json = this.#file.attempt(() => this.#file.get("SELECT json FROM state WHERE name = ?", name))?.json;
    try {
      return typeof json === "string" ? (JSON.parse(json) as JsonValue) : undefined;
    } catch {
      return undefined;
    }
  }

  /**
   * Replaces a value of small state by what `change` makes of it, whoever else writes. Throws ERR_INTERNAL where that is
   * longer than 64 KiB of JSON.
   */
  changeState(name: string, change: (held: JsonValue | undefined) => JsonValue): void {
    this.#file.attempt(() =>
      this.#file.transaction(() => {
        const json = JSON.stringify(change(this.readState(name)));
        if (Buffer.byteLength(json) > PEERS_LIMITS.stateBytes.value) {
          throw new BywayError("ERR_INTERNAL", `the state ${name} is too long to be kept`);
        }
        this.#file.run("INSERT INTO state VALUES (?, ?) ON CONFLICT DO UPDATE SET json = excluded.json", name, json);
      }),
    );
  }

  /** Idempotent. */
  close(): void {
    this.#file.close();
  }

  #lot(): number {
    return Math.floor(this.#lots.float() * LOTS);
  }

  #nowSec(): number {
    return Math.floor(this.#clock.nowMs() / 1000);
  }

  #write(entry: PeerEntry): void {
    const { place, reportedBy } = entry;
    const key = this.#keys.of(place);
    const seenMs = Math.floor(entry.seenMs);
    this.#file.run(
      UPSERT,
      entry.peer,
      entry.seq,
      entry.issuedAtSec,
      entry.expiresAtSec,
      place.country ?? null,
      place.region ?? null,
      place.city ?? null,
      place.asn ?? null,
      place.provenAsn ?? null,
      place.isp ?? null,
      place.network,
      wordsToText(place.contradicted),
      wordsToText(entry.roles),
      wordsToText(entry.protocols),
      peerTraits({ roles: entry.roles, protocols: entry.protocols, network: place.network }) | key.traits,
      entry.prefix,
      entry.software,
      entry.upMbps ?? null,
      entry.downMbps ?? null,
      this.#lot(),
      seenMs,
      seenMs,
      reportedBy.kind,
      reportedBy.peer ?? null,
      entry.envelope,
      place.regionCode ?? null,
      key.city ?? null,
      key.marks ?? null,
      this.#nowSec(),
    );
  }
}
