import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join, normalize, relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The rooms, ground floor first. A room imports from itself and from the floors below it. */
const FLOORS: readonly (readonly string[])[] = [
  ["core"],
  ["rate", "flow", "storage"],
  ["identity", "wire", "http1", "geo", "config"],
  ["link"],
  ["peers", "overlay", "trust"],
  ["liveness"],
  ["discovery"],
  ["circuit", "egress", "relay", "workers", "payment", "operation"],
  ["routing"],
  ["ingress", "vpn"],
  ["dispatch"],
  ["api"],
  ["client", "node"],
  ["agents", "testnet"],
  ["index.ts"],
  ["cli"],
];

/** Packages that only some rooms may import, and why. */
const HOMES: Record<string, { readonly rooms: readonly string[]; readonly why: string }> = {
  "@peculiar/x509": {
    rooms: ["identity", "testnet"],
    why: "certificates are made in one room; the demo's target is no part of the network",
  },
  "reflect-metadata": { rooms: ["identity", "testnet"], why: "it belongs to @peculiar/x509" },
  cborg: { rooms: ["wire"], why: "bytes become values in the codecs only" },
  multiformats: {
    rooms: ["identity", "overlay"],
    why: "peer ids are written and read in one room; the DHT's keys belong to the overlay",
  },
  "smol-toml": { rooms: ["config"], why: "the file format is the configuration's own affair" },
  commander: { rooms: ["cli"], why: "the library must not drag the command line along" },
  "prom-client": { rooms: ["api"], why: "rooms tell what they count, and one writes it for Prometheus" },
  undici: { rooms: ["agents"], why: "the client hands out streams, and one room fits them to other programs" },
  pino: { rooms: ["cli"], why: "rooms log to the Logger that they are handed" },
};

/** The control plane, and nothing but it, speaks libp2p (src/overlay/). */
const LIBP2P = { rooms: ["overlay"], why: "libp2p is the overlay's own affair, and slow to load" };
for (const name of [
  "libp2p",
  "@libp2p/crypto",
  "@libp2p/gossipsub",
  "@libp2p/identify",
  "@libp2p/interface",
  "@libp2p/kad-dht",
  "@libp2p/noise",
  "@libp2p/peer-id",
  "@libp2p/ping",
  "@libp2p/tcp",
  "@libp2p/utils",
  "@libp2p/yamux",
  "@multiformats/multiaddr",
]) {
  HOMES[name] = LIBP2P;
}

/** Modules of Node that a room must never import, and why. */
const FORBIDDEN: Readonly<Record<string, { readonly modules: readonly string[]; readonly why: string }>> = {
  wire: {
    modules: [
      "net",
      "tls",
      "http",
      "https",
      "http2",
      "dgram",
      "dns",
      "dns/promises",
      "fs",
      "fs/promises",
      "timers",
      "child_process",
    ],
    why: "codecs are pure: bytes in, values out",
  },
  routing: {
    modules: [
      "tls",
      "http",
      "https",
      "http2",
      "dgram",
      "dns",
      "dns/promises",
      "fs",
      "fs/promises",
      "timers",
      "child_process",
    ],
    why: "planning is pure, so that tables can test it",
  },
  identity: {
    modules: ["net", "tls", "http", "https", "http2", "dgram", "dns", "dns/promises"],
    why: "identity opens no sockets",
  },
  geo: { modules: ["dns", "dns/promises", "tls", "http", "https", "http2", "dgram"], why: "geo resolves no names" },
  config: {
    modules: ["fs", "fs/promises", "tls", "http", "https", "http2", "dgram"],
    why: "settings are pure; the command line reads the file",
  },
};

interface Import {
  /** Path from the root. */
  readonly file: string;
  /** As written. */
  readonly specifier: string;
}

function floorOf(room: string): number {
  return FLOORS.findIndex((rooms) => rooms.includes(room));
}

/** The room of a path from the root: the folder below `src`, or the file when it lies in `src` itself. */
function roomOf(file: string): string {
  return file.split("/")[1] ?? "";
}

/** Every specifier in a module: static, re-exported, dynamic and in types. */
function specifiersOf(source: string): readonly string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "$1");
  const forms = [/\bfrom\s*["']([^"']+)["']/g, /\bimport\s*["']([^"']+)["']/g, /\bimport\s*\(\s*["'`]([^"'`]+)["'`]/g];
  return forms.flatMap((form) => [...code.matchAll(form)].map((match) => match[1] ?? ""));
}

/** What is wrong with one import, naming file, rule and reason; undefined when nothing is. */
function objection({ file, specifier }: Import): string | undefined {
  const room = roomOf(file);
  const isTest = /\.(test|compliance)\.ts$/.test(file);
  if (specifier.startsWith(".")) {
    const target = normalize(join(dirname(file), specifier));
    if (isTest && (target.startsWith("test/support/") || target.startsWith("scripts/"))) return undefined;
    if (!target.startsWith("src/")) {
      return `${file} imports ${specifier}: src imports nothing outside src, since only src is published`;
    }
    const targetRoom = roomOf(target);
    if (targetRoom === room) return undefined;
    if (floorOf(targetRoom) === -1)
      return `${file} imports ${specifier}: ${targetRoom} stands on no floor; give it one here`;
    if (floorOf(targetRoom) < floorOf(room)) return undefined;
    const direction = floorOf(targetRoom) === floorOf(room) ? "crosses to" : "climbs to";
    return `${file} ${direction} ${targetRoom} (${specifier}): a room imports only from rooms below it, so that each can be read and tested alone; declare the interface here and let a composition root hand the implementation in`;
  }
  const name = specifier.startsWith("@") ? specifier.split("/").slice(0, 2).join("/") : (specifier.split("/")[0] ?? "");
  const forbidden = FORBIDDEN[room];
  if (!isTest && forbidden?.modules.includes(specifier.replace(/^node:/, ""))) {
    return `${file} imports ${specifier}: ${forbidden.why}`;
  }
  if (isBuiltin(specifier)) {
    return specifier.startsWith("node:") ? undefined : `${file} imports ${specifier}: write node:${specifier}`;
  }
  const home = HOMES[name];
  if (isTest) return undefined;
  if (home === undefined) return `${file} imports ${name}: the package has no home; name its rooms and the reason here`;
  return home.rooms.includes(room)
    ? undefined
    : `${file} imports ${name}, which belongs to ${home.rooms.join(", ")}: ${home.why}`;
}

function sourceFiles(): readonly string[] {
  return readdirSync(join(ROOT, "src"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).replaceAll("\\", "/"));
}

test("no import in src climbs or crosses", () => {
  const imports = sourceFiles().flatMap((file) =>
    specifiersOf(readFileSync(join(ROOT, file), "utf8")).map((specifier) => ({ file, specifier })),
  );
  assert.ok(imports.length > 50, "the imports were not found");
  const objections = imports.map(objection).filter((text) => text !== undefined);
  assert.deepEqual(objections, []);
});

test("every room stands on a floor", () => {
  const homeless = [...new Set(sourceFiles().map(roomOf))].filter((room) => floorOf(room) === -1);
  assert.deepEqual(homeless, []);
});

test("the check sees every form of import", () => {
  const source = [
    'import a from "one";',
    'import "two";',
    'import type { B } from "three";',
    'export { c } from "four";',
    'const d = await import("five");',
    'type E = import("six").E;',
    "import {\n  f,\n} from 'seven';",
    '// import g from "no";',
    '/* import h from "no"; */',
  ].join("\n");
  assert.deepEqual([...specifiersOf(source)].sort(), ["five", "four", "one", "seven", "six", "three", "two"]);
});

for (const [file, specifier, expected] of [
  ["src/wire/a.ts", "../link/b.ts", /climbs to link/],
  ["src/wire/a.ts", "../geo/b.ts", /crosses to geo/],
  ["src/client/a.ts", "../node/b.ts", /crosses to node/],
  ["src/link/a.ts", "../../test/support/b.ts", /nothing outside src/],
  ["src/link/a.ts", "../helpers/b.ts", /no floor/],
  ["src/index.ts", "./cli/main.ts", /climbs to cli/],
  ["src/link/a.ts", "pino", /belongs to cli/],
  ["src/link/a.ts", "left-pad", /no home/],
  ["src/link/a.ts", "net", /write node:net/],
  ["src/wire/a.ts", "node:net", /codecs are pure/],
  ["src/link/a.test.ts", "../client/b.ts", /climbs to client/],
] as const) {
  test(`${file} may not import ${specifier}`, () => {
    assert.match(objection({ file, specifier }) ?? "", expected);
  });
}

for (const [file, specifier] of [
  ["src/link/a.ts", "../wire/b.ts"],
  ["src/link/a.ts", "./b.ts"],
  ["src/link/a.ts", "node:net"],
  ["src/link/a.test.ts", "fast-check"],
  ["src/egress/a.test.ts", "../../test/support/dns-server.ts"],
  ["src/testnet/a.ts", "../client/b.ts"],
  ["src/index.ts", "./testnet/b.ts"],
] as const) {
  test(`${file} may import ${specifier}`, () => {
    assert.equal(objection({ file, specifier }), undefined);
  });
}
