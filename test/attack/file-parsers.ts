import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { resolveSettings } from "../../src/config/resolve-settings.ts";
import { systemClock } from "../../src/core/clock.ts";
import { systemCode } from "../../src/core/errors.ts";
import { parseIp } from "../../src/core/ip-address.ts";
import { type ChainHead, headPath, readHead } from "../../src/egress/accountability/chain-head.ts";
import { judgeHead } from "../../src/egress/accountability/judge-head.ts";
import { CHAIN_BEGIN, chainHash, recordBody, recordLine } from "../../src/egress/accountability/log-record.ts";
import { verifyLogFile } from "../../src/egress/accountability/verify-log.ts";
import { toListFault } from "../../src/egress/blocklist/list-fault.ts";
import { parseBlocklist } from "../../src/egress/blocklist/parse-blocklist.ts";
import { unpackedBytes } from "../../src/egress/blocklist/unpacked-bytes.ts";
import { checkGeoFile } from "../../src/geo/check-geo-file.ts";
import { openGeoFile } from "../../src/geo/open-geo-file.ts";
import { readPeerFile } from "../../src/peers/peer-file.ts";
import { ENVELOPE } from "../support/advertisement-samples.ts";
import type { Parser } from "../support/fuzz-parser.ts";
import { writeMmdb } from "../support/mmdb-writer.ts";

const ADDRESSES = ["192.0.2.5", "2001:db8::1", "8.8.8.8", "::1"].flatMap((text) => parseIp(text) ?? []);
const { signal } = new AbortController();

function logOf(records: number): Buffer {
  let hash = CHAIN_BEGIN;
  const lines = Array.from({ length: records }, (_, at) => {
    const body = recordBody(at + 1, { timeMs: 1e12 + at, fields: `"event":"begin","stream":${at}` });
    hash = chainHash(hash, body);
    return `${recordLine(body, hash)}\n`;
  });
  return Buffer.from(lines.join(""));
}

const HEAD: ChainHead = {
  peer: "k51none",
  oldest: 1,
  newest: { number: 1, seq: 5, hash: CHAIN_BEGIN, time: "2026-01-01T00:00:00Z" },
  removed: { by: "age", upTo: 0, time: "2026-01-01T00:00:00Z" },
  clock: {},
};

/** Parsers of files; each writes its input to `folder`. */
export function fileParsers(folder: string, settings: string): readonly Parser[] {
  const reading =
    (name: string, read: (path: string) => unknown) =>
    async (bytes: Buffer): Promise<void> => {
      const path = join(folder, name);
      writeFileSync(path, bytes);
      await read(path);
    };
  const chain = join(folder, "accountability", "1");
  mkdirSync(dirname(headPath(chain)), { recursive: true });
  const lookIn = async (path: string): Promise<void> => {
    await checkGeoFile(path, { kind: undefined, name: path, signal });
    const opened = openGeoFile(path);
    if (opened.type === "hosting") return;
    try {
      for (const ip of ADDRESSES) opened.file.lookup(ip);
    } finally {
      opened.file.close();
    }
  };
  return [
    {
      name: "address data, MaxMind DB",
      samples: [
        writeMmdb({
          networks: {
            "192.0.2.0/24": { country: { iso_code: "DE" }, a: [1, 2, { b: "c" }] },
            "2001:db8::/32": { autonomous_system_number: 5, autonomous_system_organization: "x" },
          },
        }),
      ],
      share: 0.2,
      read: reading("data.mmdb", lookIn),
    },
    {
      name: "address data, CSV",
      samples: [
        Buffer.from("1.0.0.0,1.0.0.255,AU\n1.0.1.0,1.0.3.255,CN\n2.0.0.0,2.255.255.255,FR\n"),
        Buffer.from("AS64500\n64501 # x\n"),
      ],
      share: 0.2,
      read: reading("data.csv", lookIn),
    },
    {
      name: "peers file",
      samples: [
        Buffer.from(
          `# x\n${Buffer.from(ENVELOPE).toString("base64url")}\n${Buffer.from(ENVELOPE).toString("base64url")}\n`,
        ),
      ],
      share: 0.3,
      read: reading("peers", readPeerFile),
    },
    { name: "log", samples: [logOf(5)], share: 0.3, read: reading("log", (path) => verifyLogFile(path)) },
    {
      name: "head of a chain",
      samples: [
        Buffer.from(`${JSON.stringify({ version: 1, chain: "1", ...HEAD }).slice(0, -1)},"signature":"AAAA"}\n`),
      ],
      share: 0.3,
      read: async (bytes) => {
        writeFileSync(headPath(chain), bytes);
        const head = await readHead(chain);
        return judgeHead({ hasHead: true, firstFile: 1, lastSeq: 5 }, head, "head");
      },
    },
    {
      name: "blocklist, packed and not",
      samples: [
        Buffer.from("a.example\n||b.example^\n1.2.3.0/24\n0.0.0.0 x.y\r\n# c\n"),
        gzipSync("a.example\nb.example\n".repeat(20)),
      ],
      share: 0.3,
      read: (bytes) => {
        const chunks = (async function* () {
          yield bytes;
        })();
        const room = { entries: 1e6, nameBytes: 1e8 };
        const parsing = parseBlocklist(systemClock, unpackedBytes(chunks), { seed: [1, 2], room, signal });
        // As lists are read: what zlib says is told as a fault of the list.
        return parsing.catch((error: unknown) => {
          throw systemCode(error).startsWith("Z_") ? toListFault(error) : error;
        });
      },
    },
    {
      name: "settings",
      samples: [
        Buffer.from(settings),
        Buffer.from(
          "data='/x'\n[node]\nlisten = '127.0.0.1:1'\nexit=true\npolicy=['accept *:80']\n[[node.blocklists]]\nname='a'\nsource='/x'\n",
        ),
      ],
      share: 0.2,
      // Its owner writes it, and each of the tables that a long name makes has its cost.
      mostBytes: 10_000,
      read: (bytes) =>
        resolveSettings({
          homeDirectory: "/h",
          defaults: { data: "/d" },
          file: { path: "f", text: bytes.toString() },
        }),
    },
  ];
}
