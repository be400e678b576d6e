import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, type Site, type Started } from "../site.ts";
import type { Peer } from "./peer.ts";

const BOOTSTRAP_MS = 90_000;

/** One of the three relays, which are the directory authorities too. */
interface Relay {
  readonly name: string;
  readonly host: string;
  readonly orPort: number;
  readonly dirPort: number;
  readonly authority: string;
}

function write(path: string, lines: readonly string[]): string {
  writeFileSync(path, `${lines.join("\n")}\n`);
  return path;
}

function found(pattern: RegExp, text: string): string {
  const match = pattern.exec(text)?.[1];
  if (match === undefined) throw new Error("tor did not say its fingerprint");
  return match.replaceAll(" ", "");
}

/** Makes a relay's keys, and the DirAuthority line that says who it is. */
async function createRelay(site: Site, index: number): Promise<Relay> {
  const [name, host] = [`bench${index}`, `127.0.0.${index}`];
  const [orPort, dirPort] = [await freePort(host), await freePort(host)];
  const folder = join(site.folder, name);
  const keys = join(folder, "keys");
  mkdirSync(keys, { recursive: true, mode: 0o700 });
  // tor-gencert writes into the folder it runs in, and asks for a passphrase that it can be given as a stream.
  const gencert = `cd "$1" && echo | tor-gencert --create-identity-key --passphrase-fd 0 -m 1 -a ${host}:${dirPort}`;
  await site.run("sh", ["-c", gencert, "sh", keys]);
  const v3 = found(/^fingerprint (\S+)$/m, readFileSync(join(keys, "authority_certificate"), "utf8"));
  const nobody = "0".repeat(40);
  const file = write(join(folder, "torrc-keys"), [
    `Nickname ${name}`,
    `DataDirectory ${folder}`,
    `ORPort ${host}:${orPort}`,
    "TestingTorNetwork 1",
    `DirAuthority nobody v3ident=${nobody} orport=1 127.0.0.1:1 ${nobody}`,
  ]);
  const listed = await site.run("tor", ["--list-fingerprint", "--quiet", "-f", file]);
  const fingerprint = found(new RegExp(`^${name} ([0-9A-F ]+)$`, "m"), listed);
  const authority = `DirAuthority ${name} orport=${orPort} no-v2 v3ident=${v3} ${host}:${dirPort} ${fingerprint}`;
  return { name, host, orPort, dirPort, authority };
}

function common(site: Site, name: string, schedulers: string, relays: readonly Relay[]): readonly string[] {
  return [
    `DataDirectory ${join(site.folder, name)}`,
    `Log notice file ${join(site.folder, `${name}.log`)}`,
    `Schedulers ${schedulers}`,
    "TestingTorNetwork 1",
    "EnforceDistinctSubnets 0",
    "AssumeReachable 1",
    "ShutdownWaitLength 0",
    ...relays.map(({ authority }) => authority),
  ];
}

function relayLines({ name, host, orPort, dirPort }: Relay): readonly string[] {
  return [
    `Nickname ${name}`,
    `Address ${host}`,
    `ORPort ${host}:${orPort}`,
    `DirPort ${host}:${dirPort}`,
    "SocksPort 0",
    "ContactInfo none@example.invalid",
    "AuthoritativeDirectory 1",
    "V3AuthoritativeDirectory 1",
    "ExitRelay 1",
    "ExitPolicyRejectPrivate 0",
    "ExitPolicy accept *:*",
    "V3AuthVotingInterval 20",
    "V3AuthVoteDelay 4",
    "V3AuthDistDelay 4",
    "TestingV3AuthInitialVotingInterval 5",
    "TestingV3AuthInitialVoteDelay 2",
    "TestingV3AuthInitialDistDelay 2",
    "TestingDirAuthVoteExit *",
    "TestingDirAuthVoteGuard *",
    "TestingMinExitFlagThreshold 0",
    "TestingAuthDirTimeToLearnReachability 0",
    // The congestion control that Tor's own network has on; without it a stream is four times slower here.
    "ConsensusParams cc_alg=2",
  ];
}

async function startOne(site: Site, name: string, lines: readonly string[]): Promise<Started> {
  return site.start("tor", ["--quiet", "-f", write(join(site.folder, `torrc-${name}`), lines)]);
}

function isBootstrapped(site: Site): boolean {
  try {
    return readFileSync(join(site.folder, "client.log"), "utf8").includes("Bootstrapped 100%");
  } catch {
    return false;
  }
}

/** A private Tor network of three relays and a client. `schedulers` as in torrc(5). */
export function torPeer(label: string, schedulers: string): Peer {
  return {
    name: `Tor, ${label}`,
    programs: { tor: "tor", "tor-gencert": "tor" },
    async start(site, { source }) {
      const relays: Relay[] = [];
      for (const index of [1, 2, 3]) relays.push(await createRelay(site, index));
      const started: Started[] = [];
      for (const relay of relays) {
        const lines = [...common(site, relay.name, schedulers, relays), ...relayLines(relay)];
        started.push(await startOne(site, relay.name, lines));
      }
      const socks = await freePort("127.0.0.1");
      const client = await startOne(site, "client", [
        ...common(site, "client", schedulers, relays),
        `SocksPort 127.0.0.1:${socks}`,
        "UseEntryGuards 0",
        "MaxCircuitDirtiness 3600",
        "ClientRejectInternalAddresses 0",
        "ClientDNSRejectInternalAddresses 0",
        // By default 127.192.0.0/10 stands for hidden services, and the source is in it.
        "VirtualAddrNetworkIPv4 10.192.0.0/10",
      ]);
      await site.until(client, async () => isBootstrapped(site), BOOTSTRAP_MS);
      return [
        {
          name: `Tor, ${label}`,
          hops: 3,
          rival: true,
          remark: `${schedulers} scheduler, a private network of three relays, congestion control on`,
          vias: [`socks5:127.0.0.1:${socks}`],
          inside: [],
          target: source,
          pids: [client.pid, ...started.map(({ pid }) => pid)],
        },
      ];
    },
  };
}
