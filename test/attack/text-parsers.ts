import type { IncomingHttpHeaders } from "node:http2";
import { DEFAULT_NETWORK, parseNetworkFile, printNetworkFile } from "../../src/config/network-file.ts";
import { parseIp } from "../../src/core/ip-address.ts";
import { readExportHead } from "../../src/egress/accountability/export-head.ts";
import { readRecord, readRedacted, recordBody, recordLine } from "../../src/egress/accountability/log-record.ts";
import { BLOCKLIST_LIMITS } from "../../src/egress/blocklist/limits.ts";
import { readListLine } from "../../src/egress/blocklist/read-list-line.ts";
import { specialName } from "../../src/egress/name-policy.ts";
import { ExitPolicy } from "../../src/egress/policy/exit-policy.ts";
import { parsePolicy } from "../../src/egress/policy/parse-policy.ts";
import { classifyAddress } from "../../src/geo/reserved-ranges.ts";
import { selectParameters } from "../../src/ingress/select-header.ts";
import { splitPasswordParameters, splitUserName } from "../../src/ingress/split-user-name.ts";
import { targetFields, targetTrailers } from "../../src/ingress/target-fields.ts";
import { parseUserName } from "../../src/ingress/username-parameters.ts";
import { errorFromAnswer } from "../../src/link/answer.ts";
import { parseConstraints, printConstraints } from "../../src/routing/constraint-keys.ts";
import { normaliseHost, parseAuthority } from "../../src/wire/authority.ts";
import { formatConnectUdpPath, parseConnectUdpPath } from "../../src/wire/connect-udp-path.ts";
import { formatHopAuthority, parseHopAuthority } from "../../src/wire/hop-authority.ts";
import { parseProxyStatus } from "../../src/wire/proxy-status.ts";
import { parseDictionary } from "../../src/wire/structured-dictionary.ts";
import { parseItemList } from "../../src/wire/structured-item.ts";
import { SIGNER } from "../support/advertisement-samples.ts";
import type { Parser } from "../support/fuzz-parser.ts";
import { oneOf } from "../support/mutated-bytes.ts";

function texts(...all: readonly string[]): readonly Buffer[] {
  return all.map((text) => Buffer.from(text));
}

/** Fields as Node hands them on: names and values by turns. */
function rawFields(bytes: Buffer): readonly string[] {
  return bytes
    .toString("latin1")
    .split("\n")
    .flatMap((line) => [line.split(":", 1)[0] ?? "", line.slice(line.indexOf(":") + 1).trim()]);
}

function same(what: string, once: string, again: string): void {
  if (once !== again) throw new Error(`${what} changed: ${JSON.stringify([once, again])}`);
}

const FIELDS = texts(
  "Proxy-Status: byway;error=dns_error, other;received-status=500\nConnection: x, close\nX: y",
  'proxy-status: a, "b, c";d="e\\"f"\nProxy-Status: byway\nKeep-Alive: 5',
);
const RECORD = recordLine(recordBody(1, { timeMs: 1e12, fields: '"event":"begin","peer":"x"' }), "0".repeat(64));

/** Parsers of texts. */
export const TEXT_PARSERS: readonly Parser[] = [
  {
    name: "host",
    samples: texts(
      "example.com",
      "127.1",
      "0x7f.1",
      "[::ffff:1.2.3.4]",
      "bücher.example",
      "１２７.0.0.1",
      "xn--bcher-kva.example.",
    ),
    read: (bytes) => {
      const host = normaliseHost(bytes.toString());
      same("a host", host, normaliseHost(host));
      return [classifyAddress(host), specialName(host)];
    },
  },
  {
    name: "authority",
    samples: texts("example.com:80", "[2001:db8::1]:443"),
    read: (bytes) => parseAuthority(bytes.toString()),
  },
  {
    name: "connect-udp path",
    samples: texts("/.well-known/masque/udp/example.com/443/", "/.well-known/masque/udp/2001%3Adb8%3A%3A1/443/"),
    read: (bytes) => {
      const target = parseConnectUdpPath(bytes.toString("latin1"));
      const path = formatConnectUdpPath(target);
      same("a path", path, formatConnectUdpPath(parseConnectUdpPath(path)));
    },
  },
  {
    name: "hop authority",
    samples: texts(formatHopAuthority(SIGNER.peerId)),
    read: (bytes) => parseHopAuthority(bytes.toString("latin1")),
  },
  {
    name: "address",
    samples: texts("1.2.3.4", "::ffff:1.2.3.4", "fe80::1%eth0"),
    read: (bytes) => [parseIp(bytes.toString()), classifyAddress(bytes.toString())],
  },
  {
    name: "Proxy-Status",
    samples: texts('byway; error=dns_error; details="x y", other;received-status=5'),
    read: (bytes) => parseProxyStatus(bytes.toString("latin1")),
  },
  {
    name: "answer of a hop",
    samples: texts(
      '502\nbyway; error=dns_error; details="x"\nERR_TARGET_NAME\n30',
      "429\n\nERR_HOP_LIMIT\n1e99",
      "abc\nx\n__proto__\n-1",
    ),
    read: (bytes, random) => {
      const [status = "", proxyStatus = "", code = "", retryAfter = ""] = bytes.toString("latin1").split("\n");
      const headers: IncomingHttpHeaders = {
        ":status": status,
        "proxy-status": proxyStatus,
        "byway-error": code,
        "retry-after": retryAfter,
      };
      const error = errorFromAnswer(headers, oneOf(random, ["hop", "target", "node"]));
      if (error.code === "ERR_INTERNAL") throw new Error("a hop said ERR_INTERNAL");
    },
  },
  { name: "fields of an answer", samples: FIELDS, read: (bytes) => targetFields(rawFields(bytes)) },
  { name: "trailers of an answer", samples: FIELDS, read: (bytes) => targetTrailers(rawFields(bytes)) },
  {
    name: "dictionary",
    samples: texts('country=de, city="New York", hops=3, exclude=(a b c), strict'),
    read: (bytes) => parseDictionary(bytes.toString("latin1"), { maxChars: 4_096, maxMembers: 64, maxItems: 16 }),
  },
  {
    name: "list of items",
    samples: texts('a;b=1;c="x", d, :aGk=:, ?1, 1.5, @1'),
    read: (bytes) => parseItemList(bytes.toString("latin1"), 16, 16),
  },
  {
    name: "byway-select",
    samples: texts("byway-select: country=de, hops=3\nbyway-select: session=abc"),
    read: (bytes) => selectParameters(rawFields(bytes)),
  },
  {
    name: "user name",
    samples: texts(
      "alice-country-us-hops-3-strict",
      "customer-alice_c_US_city_New-York_s_100",
      "user__cr.fr;sessttl.60",
      "country=us,hops_3",
      "a-res-us-sid-1",
    ),
    read: (bytes, random) => {
      const text = bytes.toString();
      splitUserName(text, ["alice", "a"]);
      splitPasswordParameters(text);
      return parseUserName(text, oneOf(random, ["", text]), { lenient: random.float() < 0.5 });
    },
  },
  {
    name: "constraints",
    samples: texts(
      'country=de, hops=3, city="x"',
      "country=de, asn=64500, strict, session=abc",
      "country=(de fr), hops=2",
    ),
    read: (bytes) => {
      const printed = printConstraints(parseConstraints(bytes.toString()));
      same("constraints", printed, printConstraints(parseConstraints(printed)));
    },
  },
  {
    name: "network file",
    samples: texts(printNetworkFile({ ...DEFAULT_NETWORK, name: "lab", localNetwork: true })),
    share: 0.5,
    read: (bytes) => parseNetworkFile({ path: "f", text: bytes.toString() }),
  },
  {
    name: "policy",
    samples: texts(
      "accept *:80,443",
      "reject 10.0.0.0/8:*",
      "accept udp *.example.com:1-65535",
      "accept web-only\nreject *:*",
    ),
    read: (bytes) => {
      const policy = new ExitPolicy(parsePolicy(bytes.toString().split("\n")));
      return policy.decide({ protocol: "tcp", port: 443, name: "a.example.com", addresses: ["192.0.2.1"] });
    },
  },
  {
    name: "line of a list",
    samples: texts(
      "0.0.0.0 ads.example a.b",
      "||x.example^$important",
      '{"cidr":"1.2.3.0/24"}',
      "address=/a.b/c.d/1.2.3.4",
      "1.2.3.0/24 ; x",
      "*.foo.example # c",
      "1.2.3.4-1.2.3.9",
      "::1 localhost",
    ),
    mostBytes: BLOCKLIST_LIMITS.lineBytes.value,
    read: (bytes) => readListLine(bytes.toString(), { name: () => {}, range: () => {} }),
  },
  {
    name: "record of a log",
    samples: texts(RECORD, '{"export":1,"chain":"1","prev":"0","from":"a","to":"b"}'),
    read: (bytes) => [readRecord(bytes.toString()), readRedacted(bytes.toString()), readExportHead(bytes.toString())],
  },
];
