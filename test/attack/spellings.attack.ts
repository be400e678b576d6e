import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { test } from "node:test";
import { BywayError } from "../../src/core/errors.ts";
import type { HostPort } from "../../src/core/network-address.ts";
import { type Random, seededRandom } from "../../src/core/random.ts";
import { AddressGuard } from "../../src/egress/address-guard.ts";
import { ExitPolicy } from "../../src/egress/policy/exit-policy.ts";
import { parsePolicy } from "../../src/egress/policy/parse-policy.ts";
import { TargetCheck } from "../../src/egress/target-check.ts";
import { parseAuthority } from "../../src/wire/authority.ts";
import { parseConnectUdpPath } from "../../src/wire/connect-udp-path.ts";
import { below, oneOf } from "../support/mutated-bytes.ts";
import { OWN, privateSpelling } from "../support/private-spellings.ts";

/*
 * Addresses of this machine and its network, and names that are only theirs, in spellings of chance's, as an exit is asked for
 * them by SOCKS, CONNECT and connect-udp. One that is not refused is a hole.
 */
const CASES = 60_000;

const guard = new AddressGuard({ local: () => OWN, listeners: () => [{ host: "0.0.0.0", port: 4433 }] });
const PUBLIC = "192.0.32.7";

function percentEncoded(text: string, random: Random): string {
  const all = [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
  return oneOf(random, [encodeURIComponent(text), text, all]);
}

/** The target as the one who parses it hands it on. */
function asked(host: string, port: number, random: Random): HostPort {
  const way = below(random, 3);
  if (way === 0) return { host, port };
  if (way === 1) return parseAuthority(`${host}:${port}`);
  return parseConnectUdpPath(`/.well-known/masque/udp/${percentEncoded(host, random)}/${port}/`);
}

test(`none of ${CASES} spellings of this machine and its network is let through`, { timeout: 300_000 }, async (t) => {
  const seed = randomInt(2 ** 31);
  t.diagnostic(`seed ${seed}`);
  const random = seededRandom(seed);
  const looked: string[] = [];
  const resolver = {
    resolve: async (name: string) => {
      looked.push(name);
      return [PUBLIC];
    },
    stop: () => {},
  };
  const policy = new ExitPolicy(parsePolicy(["accept *:*"]));
  const check = new TargetCheck({ guard, policy, resolver });
  const { signal } = new AbortController();
  const counts = { malformed: 0, refused: 0 };
  for (let turn = 0; turn < CASES; turn += 1) {
    const host = privateSpelling(random);
    try {
      const target = asked(host, oneOf(random, [80, 443, 4433]), random);
      const { decision, addresses } = await check.judge(target, oneOf(random, ["tcp", "udp"]), signal);
      assert.ok(decision?.refusal !== undefined, `let through: ${JSON.stringify(host)}, as ${addresses.join(" ")}`);
      counts.refused += 1;
    } catch (error) {
      if (!(error instanceof BywayError) || error.code === "ERR_INTERNAL") throw error;
      counts.malformed += 1;
    }
  }
  t.diagnostic(`${counts.refused} were refused, ${counts.malformed} are no hosts`);
  assert.deepEqual(looked, [], "nothing was looked up");
  assert.ok(counts.refused > CASES / 4, "too few were hosts at all");
  const { decision } = await check.judge({ host: PUBLIC, port: 443 }, "tcp", signal);
  assert.equal(decision?.refusal, undefined, "a public address is let through");
});
