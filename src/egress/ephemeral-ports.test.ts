import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../core/fake-clock.ts";
import { EphemeralPortRange } from "./ephemeral-ports.ts";
import { EGRESS_LIMITS } from "./limits.ts";

interface Files {
  range?: string | undefined;
  reserved?: string;
  privileged?: string;
}

/** A machine with these files, and how often they were read. */
function machine(files: Files): { readonly clock: FakeClock; readonly range: EphemeralPortRange; reads: number } {
  const clock = new FakeClock();
  const made = {
    clock,
    reads: 0,
    range: new EphemeralPortRange({
      clock,
      readText(path) {
        made.reads += 1;
        const { range, reserved, privileged } = files;
        const text = { range, reserved_ports: reserved, port_start: privileged }[
          /(range|reserved_ports|port_start)$/.exec(path)?.[0] as "range"
        ];
        if (text === undefined) throw Object.assign(new Error(path), { code: "ENOENT" });
        return `${text}\n`;
      },
    }),
  };
  return made;
}

function ports(files: Files): unknown {
  const { first, rest } = machine(files).range.current() ?? {};
  return first === undefined || rest === undefined ? undefined : [[...first], [...rest]];
}

const cases: readonly (readonly [what: string, files: Files, expected: unknown])[] = [
  [
    "the half that others need less comes first",
    { range: "40000\t40005" },
    [
      [40001, 40003, 40005],
      [40000, 40002, 40004],
    ],
  ],
  [
    "an odd start turns the halves round",
    { range: "40001 40004" },
    [
      [40002, 40004],
      [40001, 40003],
    ],
  ],
  [
    "reserved ports are left out",
    { range: "40000 40005", reserved: "8080,40001,40003-40004" },
    [[40005], [40000, 40002]],
  ],
  ["no reserved ports", { range: "40000 40001", reserved: "" }, [[40001], [40000]]],
  ["ports that need a privilege are left out", { range: "1020 1025" }, [[1025], [1024]]],
  ["also where the machine says which", { range: "1020 1025", privileged: "1025" }, [[1025], []]],
  ["a range of one", { range: "65535 65535" }, [[], [65535]]],
  ["all are reserved", { range: "40000 40001", reserved: "1-65535" }, undefined],
  ["a system without such files", {}, undefined],
  ["nonsense", { range: "many" }, undefined],
  ["a range that ends before it begins", { range: "5000 4000" }, undefined],
  ["ports that are none", { range: "60000 70000" }, undefined],
];

for (const [what, files, expected] of cases) {
  test(`ephemeral ports: ${what}`, () => assert.deepEqual(ports(files), expected));
}

test("the range is read once a minute, and what cannot be read leaves the last one", () => {
  const files: Files = { range: "40000 40001" };
  const made = machine(files);
  const one = made.range.current();
  assert.equal(made.range.current(), one);
  assert.equal(made.reads, 3);
  files.range = undefined;
  made.clock.advance(EGRESS_LIMITS.portRangeAgeMs.value);
  assert.equal(made.range.current(), one);
  files.range = "50000 50001";
  assert.equal(made.range.current(), one);
  made.clock.advance(EGRESS_LIMITS.portRangeAgeMs.value);
  assert.deepEqual([...(made.range.current()?.first ?? [])], [50001]);
});
