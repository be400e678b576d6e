import assert from "node:assert/strict";
import { test } from "node:test";
import { Command } from "commander";
import { CONSTRAINT_KEYS } from "../routing/constraint-table.ts";
import type { Constraints } from "../routing/constraints.ts";
import { addConstraintOptions, givenConstraints } from "./constraint-options.ts";

function given(args: readonly string[], except: readonly string[] = []): Constraints {
  const command = addConstraintOptions(new Command("pick"), { except })
    .exitOverride()
    .configureOutput({
      outputError: () => {},
    });
  command.parse(args, { from: "user" });
  return givenConstraints(command);
}

test("every parameter has a flag, and its values are those of the user name", () => {
  assert.deepEqual(given([]), {});
  assert.deepEqual(
    given(
      (
        "--country us,DE --country fr --state ca --city new_york,boston --asn AS7922 --isp comcast --network dc --session aB " +
        "--sesstime 30s --hops 3 --strict --sticky-asn --max-price 0.5 --min-trust 0.25 --preset fast --protocol udp"
      ).split(" "),
    ),
    {
      countries: ["us", "de", "fr"],
      regions: ["ca"],
      cities: ["new york", "boston"],
      asns: [7922],
      isps: ["comcast"],
      networks: ["hosting"],
      session: "aB",
      sessionSec: 30,
      hops: 3,
      strict: true,
      stickyAsn: true,
      maxMicroUsdcPerGiB: 500_000n,
      minTrust: 0.25,
      preset: "fast",
      protocol: "udp",
    },
  );
  assert.deepEqual(given(["--city", "New York"]), { cities: ["new york"] });
  assert.deepEqual(
    addConstraintOptions(new Command()).options.map(({ long }) => long),
    CONSTRAINT_KEYS.map(({ option }) => `--${option}`),
  );
});

test("a bad value is told under the parameter's name", () => {
  assert.throws(() => given(["--country", "usa"]), { code: "ERR_PARAMETER_VALUE" });
  assert.throws(() => given(["--node", "x"]), { code: "ERR_PARAMETER_VALUE" });
});

test("a flag that the command has for something else is left alone", () => {
  assert.throws(() => given(["--hops", "3"], ["hops"]), { code: "commander.unknownOption" });
  const command = addConstraintOptions(new Command().option("--hops <n>", "A setting."), { except: ["hops"] });
  command.parse(["--country", "us", "--hops", "3"], { from: "user" });
  assert.deepEqual(givenConstraints(command), { countries: ["us"] });
});
