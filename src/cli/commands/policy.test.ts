import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { startDnsServer } from "../../../test/support/dns-server.ts";
import { runByway, temporaryDirectory } from "../../../test/support/run-byway.ts";

test("a target is judged as the exit would, and the exit code tells", async (t) => {
  const dns = await startDnsServer([{ name: "good.example", type: "A", data: "9.9.9.9" }]);
  t.after(() => dns.stop());
  const config = join(temporaryDirectory(t), "byway.toml");
  const rules = ["reject *:25", "accept web-only"];
  writeFileSync(config, `[node]\npolicy = ${JSON.stringify(rules)}\ndns-servers = ["${dns.address}"]\n`);
  const ask = (...args: readonly string[]) => runByway(t, ["policy", "test", ...args, "--config", config]);
  const accepted = await ask("GOOD.example.:443");
  assert.equal(accepted.stdout, "good.example:443 is accepted by rule 2: accept *:web-only\n  looked up: 9.9.9.9\n");
  assert.equal(accepted.code, 0);
  const refused = await ask("good.example:25", "--json");
  assert.deepEqual([refused.code, refused.stderr], [77, ""]);
  const told = { host: "good.example", port: 25, addresses: [], accepted: false, by: "rule 1", text: "reject *:25" };
  assert.deepEqual(JSON.parse(refused.stdout), { ...told, code: "ERR_POLICY_PORT" });
  const absent = await ask("absent.example:443");
  assert.equal(
    absent.stdout,
    "absent.example:443 is accepted by rule 2: accept *:web-only\n" +
      "  This is decided without the name's addresses, which could not be looked up: absent.example does not exist.\n",
  );
  assert.deepEqual([absent.code, absent.stderr], [0, ""]);
  const flags = ["--policy", "reject mail; accept *4:*", "--policy", "accept udp *:20-22,80", "--udp", "--no-resolve"];
  const open = await ask("good.example:22", ...flags);
  assert.equal(open.stdout, "good.example:22 is accepted by rule 3: accept udp *:20-22,80\n");
  assert.equal((await ask("good.example")).stdout, accepted.stdout);
  assert.match((await ask("9.9.9.9", "--json")).stdout, /"host":"9\.9\.9\.9","port":443/);
  for (const six of ["2620:fe::fe", "[2620:fe::fe]"]) assert.match((await ask(six)).stdout, /^\[2620:fe::fe\]:443 /);
  assert.equal((await ask("good.example:")).code, 64);
});

test("a list that is not there is told, since the exit stays closed", async (t) => {
  const config = join(temporaryDirectory(t), "byway.toml");
  writeFileSync(config, "[[node.blocklists]]\nname = 'mine'\nsource = '/nowhere/mine.txt'\n");
  const { code, stdout, stderr } = await runByway(t, ["policy", "test", "9.9.9.9:443", "--config", config]);
  assert.equal(code, 0);
  assert.match(stdout, /is accepted by rule 2/);
  assert.match(stderr, /closed for all targets until the blocklist mine is there/);
});

test("a policy is shown as it was understood, with what others are told", async (t) => {
  const rules = "reject BAD.example:*; accept tcp web-only";
  const { stdout, code } = await runByway(t, ["policy", "show", "--policy", rules, "--json"]);
  assert.equal(code, 0);
  const { rules: lines, sets, advertised } = JSON.parse(stdout);
  assert.deepEqual(lines, ["reject bad.example:*", "accept tcp *:web-only"]);
  assert.equal(sets.mail, "25,465,587,2525");
  const ports = [80, 443].map((port) => ({ first: port, last: port }));
  assert.deepEqual(advertised, { acceptedPorts: ports, protocols: ["tcp"] });
  const wrong = await runByway(t, ["policy", "show", "--policy", "accept mial"]);
  assert.equal(wrong.code, 78);
  assert.match(wrong.stderr, /rule 1 of the policy: "mial" is no set \(the nearest is mail\)/);
});

test("where a node with these settings is reached is closed to targets, as it is at the node", async (t) => {
  const config = join(temporaryDirectory(t), "byway.toml");
  const places = 'listen = "10.1.1.1:4433"\nadvertise = "45.10.0.1:4433"\nnotice-listen = "45.10.0.2:80"';
  const ask = (target: string) => runByway(t, ["policy", "test", target, "--no-resolve", "--config", config]);
  writeFileSync(config, `[node]\n${places}\npolicy = ["accept *:*"]\nallow-targets = ["45.10.0.1:8000"]\n`);
  for (const [target, code] of [
    ["45.10.0.1:443", 77],
    ["45.10.0.2:443", 77],
    ["[64:ff9b::45.10.0.1]:443", 77],
    ["[64:ff9b::45.10.0.9]:443", 0],
    ["45.10.0.1:8000", 0],
    ["45.10.0.3:443", 0],
  ] as const) {
    assert.equal((await ask(target)).code, code, target);
  }
});
