import type { StoreFormat } from "../storage/store-file.ts";
import { PEERS_LIMITS } from "./limits.ts";

/**
 * What makes each version of the store out of the one before it. Its length is the version, kept in `user_version`;
 * a released step never changes.
 *
 * `peers` has one row a peer. `lot` is a number drawn when it comes in, so that a random choice is a place to start at.
 * `traits` are bits for roles, protocols and network (`peerTraits`): the indexes that are walked hold them, so that a
 * search for what hardly anybody has reads no rows in vain. Expiry, which each renewal changes, stands in only one of
 * them, since each index that a renewal touches is a page to write. Ids are told apart by their last 20 characters, 103 bits of the key: that halves the
 * largest index. `crowds` counts peers: `p<prefix>` those of one /16 or /32, `a<number>` those of one AS. Triggers keep
 * it, so that it is right whoever writes. The envelope stands last, since most questions need not read that far.
 *
 * Names of places are found by what `PlaceKeys` makes of them: the city by a number, region and provider by marks, of which
 * `traits` has bits. What was written before the second step has none, and is found by such names once it is renewed.
 */
const STEPS: readonly string[] = [
  `
  CREATE TABLE peers (
    id INTEGER PRIMARY KEY,
    peer TEXT NOT NULL,
    seq INTEGER NOT NULL,
    issued_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    country TEXT, region TEXT, city TEXT, asn INTEGER, proven_asn INTEGER, isp TEXT,
    network TEXT NOT NULL,
    contradicted TEXT NOT NULL,
    roles TEXT NOT NULL,
    protocols TEXT NOT NULL,
    traits INTEGER NOT NULL,
    prefix TEXT NOT NULL,
    software TEXT NOT NULL,
    up_mbps INTEGER, down_mbps INTEGER,
    lot INTEGER NOT NULL,
    first_seen INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    told_kind TEXT NOT NULL,
    told_peer TEXT,
    checked_at INTEGER, reached_at INTEGER, rtt_ms REAL,
    failures INTEGER NOT NULL DEFAULT 0,
    envelope BLOB NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX peers_peer ON peers (substr(peer, -20));
  CREATE INDEX peers_lot ON peers (lot, traits, failures);
  CREATE INDEX peers_country ON peers (country, lot, traits, failures, expires_at);
  CREATE INDEX peers_asn ON peers (asn, lot, traits, failures);
  CREATE INDEX peers_prefix ON peers (prefix, reached_at);
  CREATE INDEX peers_expires ON peers (expires_at);
  CREATE INDEX peers_reached ON peers (reached_at) WHERE reached_at IS NOT NULL AND failures = 0;
  CREATE INDEX peers_reached_country ON peers (country, reached_at) WHERE reached_at IS NOT NULL AND failures = 0;
  CREATE INDEX peers_failing ON peers (failures) WHERE failures > 0;

  CREATE TABLE crowds (name TEXT PRIMARY KEY, size INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TRIGGER peers_added AFTER INSERT ON peers BEGIN
    INSERT INTO crowds VALUES ('p' || new.prefix, 1) ON CONFLICT DO UPDATE SET size = size + 1;
    INSERT INTO crowds SELECT 'a' || new.proven_asn, 1 WHERE new.proven_asn IS NOT NULL ON CONFLICT DO UPDATE SET size = size + 1;
  END;
  CREATE TRIGGER peers_removed AFTER DELETE ON peers BEGIN
    UPDATE crowds SET size = size - 1 WHERE name IN ('p' || old.prefix, 'a' || old.proven_asn);
    DELETE FROM crowds WHERE name IN ('p' || old.prefix, 'a' || old.proven_asn) AND size <= 0;
  END;
  CREATE TRIGGER peers_moved AFTER UPDATE OF prefix, proven_asn ON peers
    WHEN old.prefix <> new.prefix OR old.proven_asn IS NOT new.proven_asn BEGIN
    UPDATE crowds SET size = size - 1 WHERE name IN ('p' || old.prefix, 'a' || old.proven_asn);
    DELETE FROM crowds WHERE name IN ('p' || old.prefix, 'a' || old.proven_asn) AND size <= 0;
    INSERT INTO crowds VALUES ('p' || new.prefix, 1) ON CONFLICT DO UPDATE SET size = size + 1;
    INSERT INTO crowds SELECT 'a' || new.proven_asn, 1 WHERE new.proven_asn IS NOT NULL ON CONFLICT DO UPDATE SET size = size + 1;
  END;

  CREATE TABLE equivocators (
    peer TEXT PRIMARY KEY,
    found_at INTEGER NOT NULL,
    standing INTEGER NOT NULL,
    first BLOB NOT NULL,
    second BLOB NOT NULL
  ) STRICT;
  CREATE INDEX equivocators_standing ON equivocators (standing, found_at DESC);

  CREATE TRIGGER peers_barred BEFORE INSERT ON peers
    WHEN EXISTS (SELECT 1 FROM equivocators WHERE peer = new.peer) BEGIN
    SELECT RAISE(IGNORE);
  END;

  CREATE TABLE state (name TEXT PRIMARY KEY, json TEXT NOT NULL) STRICT, WITHOUT ROWID;
  `,
  `
  ALTER TABLE peers ADD COLUMN region_code TEXT;
  ALTER TABLE peers ADD COLUMN city_key INTEGER;
  ALTER TABLE peers ADD COLUMN place_marks BLOB;
  CREATE INDEX peers_city ON peers (city_key, lot) WHERE city_key IS NOT NULL;
  `,
  "ALTER TABLE peers ADD COLUMN named_in TEXT;",
];

/** The store of peers as a file. */
export const PEER_STORE_FORMAT: StoreFormat = {
  // "Byw" and a 1.
  applicationId: 0x42797701,
  steps: STEPS,
  opening: "INSERT INTO state VALUES ('opened', '0') ON CONFLICT DO UPDATE SET json = json + 1",
  tables: ["peers", "equivocators", "state"],
  maxBytes: PEERS_LIMITS.storeBytes.value,
  logBytes: PEERS_LIMITS.storeLogBytes.value,
  cacheBytes: PEERS_LIMITS.storeCacheBytes.value,
};
