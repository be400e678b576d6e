import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ControlClient } from "../../src/api/control-client.ts";
import { systemClock } from "../../src/core/clock.ts";
import type { HostPort } from "../../src/core/network-address.ts";
import type { RequestLine } from "../../src/dispatch/request-record.ts";
import { startDnsServer } from "../support/dns-server.ts";
import { type Network, startNetwork } from "../support/network.ts";
import { ORIGIN_HOST } from "../support/origin-servers.ts";
import { withoutPrograms } from "../support/run-program.ts";
import { createSshServer } from "../support/ssh-server.ts";
import { packageFiles } from "./package-files.ts";
import type { TargetKind } from "./program-row.ts";
import { type ProgramTarget, SITE, startProgramTarget } from "./program-target.ts";

/** The one network that all rows use. */
export interface ProgramNetwork extends AsyncDisposable {
  readonly network: Network;
  /** The listener that asks every program for its name. */
  readonly asking: HostPort;
  readonly target: ProgramTarget;
  /** Home directory of all programs. */
  readonly home: string;
  /** A new empty directory. */
  directoryOf(id: string): string;
  /** Addresses of the exits of a country. */
  exitsIn(country: string): ReadonlySet<string>;
  /** What the client knows of the requests to a host, the last one first. */
  requestsTo(host: string): Promise<readonly RequestLine[]>;
}

/** A row's target of one kind. */
export interface RowTarget {
  readonly id: string;
  readonly kind: TargetKind;
}

/** Where requests leave whose user name was lost; no row asks for it. */
export const LOST = "gb";
const NODES = 8;
const BODY_BYTES = 1_048_576;
const REQUESTS = 1_000;

/** The host of a row at the target. */
export function hostOf(id: string): string {
  return `${id}.${SITE}`;
}

/** Starts the network, with a name for each target of a row. */
export async function startProgramNetwork(targets: readonly RowTarget[]): Promise<ProgramNetwork> {
  await using made = new AsyncDisposableStack();
  const root = mkdtempSync(join(tmpdir(), "byway-programs-"));
  made.defer(() => rmSync(root, { recursive: true, force: true, maxRetries: 5 }));
  const home = join(root, "home");
  mkdirSync(home);
  const payload = randomBytes(BODY_BYTES);
  mkdirSync(join(root, "served"));
  writeFileSync(join(root, "served", "body"), payload);
  makeRepository(join(root, "served", "repo.git"), payload);
  const target = made.use(
    await startProgramTarget(payload, {
      directory: join(root, "served"),
      files: packageFiles(join(root, "packages"), payload),
      ssh: createSshServer(join(home, "ssh"), join(root, "served")),
    }),
  );
  writeSettings(home, target.certificate);
  const names = await startDnsServer(targets.map(({ id }) => ({ name: hostOf(id), type: "A", data: ORIGIN_HOST })));
  made.defer(() => names.stop());
  const controlPath = join(root, "control");
  const network = made.use(
    await startNetwork({
      targets: targets.map(({ id, kind }): HostPort => ({ host: hostOf(id), port: target.ports[kind] })),
      nodes: NODES,
      dnsServer: names.address,
      client: {
        controlPath,
        askName: "waiting",
        defaults: `country=${LOST}`,
        listeners: [{ listen: { host: "127.0.0.1", port: 0 }, askName: "always", defaults: `country=${LOST}` }],
      },
    }),
  );
  const control = new ControlClient({ clock: systemClock }, { path: controlPath });
  const [, asking] = network.testnet.client.addresses;
  if (asking === undefined) throw new Error("the client has no listener that always asks");
  const kept = made.move();
  return {
    network,
    asking,
    target,
    home,
    directoryOf(id) {
      const path = join(root, id);
      mkdirSync(path);
      return path;
    },
    exitsIn: (country) =>
      new Set(
        network.testnet.nodes.filter(({ place }) => place.country === country).map(({ address }) => address.host),
      ),
    requestsTo: async (host) =>
      (await control.requests(REQUESTS)).filter((request) => request.target.startsWith(`${host}:`)),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** A repository with one file, `body`. */
function makeRepository(path: string, body: Buffer): void {
  if (withoutPrograms("git") !== false) return;
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "body"), body);
  const git = (...args: readonly string[]): void => {
    const author = ["-c", "user.name=test", "-c", "user.email=test@example.com"];
    const env = { PATH: process.env.PATH ?? "", GIT_CONFIG_NOSYSTEM: "1", HOME: path };
    const { status, stderr } = spawnSync("git", ["-C", path, ...author, ...args], { env, encoding: "utf8" });
    if (status !== 0) throw new Error(`git ${args.join(" ")}: ${stderr}`);
  };
  git("init", "--quiet");
  git("add", "body");
  git("commit", "--quiet", "-m", "body");
}

/** Has every program trust the target's certificate, by its own setting for that. */
function writeSettings(home: string, certificate: string): void {
  const ca = join(home, "ca.pem");
  writeFileSync(ca, certificate);
  writeFileSync(join(home, ".wgetrc"), `ca_certificate = ${ca}\n`);
  writeFileSync(join(home, ".lftprc"), `set ssl:ca-file ${ca}\n`);
  mkdirSync(join(home, ".aria2"));
  writeFileSync(join(home, ".aria2", "aria2.conf"), `ca-certificate=${ca}\n`);
  mkdirSync(join(home, ".w3m"));
  writeFileSync(join(home, ".w3m", "config"), `ssl_ca_file ${ca}\n`);
  if (withoutPrograms("keytool") !== false) return;
  const store = ["-keystore", join(home, "trust.p12"), "-storetype", "PKCS12", "-storepass", "changeit"];
  spawnSync("keytool", ["-importcert", "-noprompt", "-alias", "target", "-file", ca, ...store]);
}

/** Variables by which programs find the target's certificate. */
export function trusting(home: string): Readonly<Record<string, string>> {
  const ca = join(home, "ca.pem");
  const names = [
    "CURL_CA_BUNDLE",
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "GIT_SSL_CAINFO",
    "PERL_LWP_SSL_CA_FILE",
    "PIP_CERT",
    "npm_config_cafile",
  ];
  return Object.fromEntries(names.map((name) => [name, ca]));
}
