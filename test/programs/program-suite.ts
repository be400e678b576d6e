import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { FAMILIES } from "./all-rows.ts";
import { filledLine } from "./filled-line.ts";
import { pythonWith, withoutRow } from "./installed.ts";
import { hostOf, LOST, type ProgramNetwork, startProgramNetwork, trusting } from "./program-network.ts";
import type { Command, ProgramRow, RowPlace, TargetKind } from "./program-row.ts";
import { runCommand } from "./run-command.ts";

/** No row asks for where lost names leave, and neighbours ask for different ones. */
const COUNTRIES = ["de", "us", "jp", "br"] as const;

interface Case {
  readonly row: ProgramRow;
  readonly kind: TargetKind;
  readonly id: string;
  readonly country: string;
}

const ROWS = Object.values(FAMILIES).flat();
const MODULES = [...new Set(ROWS.flatMap((row) => row.modules ?? []))];

function casesOf(rows: readonly ProgramRow[]): readonly Case[] {
  return rows
    .flatMap((row) => row.kinds.map((kind) => ({ row, kind })))
    .map(({ row, kind }, index) => ({
      row,
      kind,
      id: `r${index}`,
      country: COUNTRIES[index % COUNTRIES.length] ?? "de",
    }));
}

/** Runs the rows that `isWanted` takes, each with its real program. */
export function programSuite(isWanted: (row: ProgramRow) => boolean): void {
  const cases = casesOf(ROWS.filter(isWanted));
  suite("programs keep what they asked for", { concurrency: 3 }, () => runCases(cases));
}

function runCases(cases: readonly Case[]): void {
  const cleanup = new AsyncDisposableStack();
  let place: ProgramNetwork;

  before(async () => {
    place = cleanup.use(await startProgramNetwork(cases));
  });
  after(() => cleanup.disposeAsync());

  // The target of the network itself is an address of this machine, which some programs keep from proxies.
  for (const { row, kind, id, country } of cases.filter(({ row, kind }) => row.inReadme === true && kind === "http")) {
    test(`README's line for ${row.program} at the demo's target`, { skip: withoutRow(row, MODULES) }, async () => {
      const { network, home } = place;
      const { http } = network.testnet.target;
      const session = `demo${id}`;
      const line = filledLine(row.line, { proxy: network.proxy, country, session, kind, target: http });
      const origin = `http://${http.host}:${http.port}`;
      const at: RowPlace = { directory: place.directoryOf(session), home, id, kind, origin };
      const command = row.command?.(line, at) ?? { argv: ["sh", "-c", line] };
      const { complaint } = await runCommand(completed(command, row, home), at);
      const asked = await place.requestsTo(http.host);
      const own = asked.filter(({ constraints }) => constraints === `country=${country}, session=${session}`);
      assert.ok(own.length > 0, `nothing came with its name: ${line}\n${complaint}`);
      for (const { exit, error } of own) assert.deepEqual([exit?.country, error], [country, null], complaint);
    });
  }

  for (const { row, kind, id, country } of cases) {
    test(`${row.program} (${row.way}), ${kind}`, { skip: withoutRow(row, MODULES) }, async () => {
      const { network, asking, target, home } = place;
      const host = hostOf(id);
      const port = target.ports[kind];
      const session = `s${id}`;
      const line = filledLine(row.line, {
        proxy: row.needsAsking === true ? asking : network.proxy,
        country,
        session,
        kind,
        target: { host, port },
      });
      const origin = kind === "raw" ? `${host}:${port}` : `${kind}://${host}:${port}`;
      const at: RowPlace = { directory: place.directoryOf(id), home, id, kind, origin };
      const command = row.command?.(line, at) ?? { argv: ["sh", "-c", line] };
      const result = await runCommand(completed(command, row, home), at);

      const asked = await place.requestsTo(host);
      const told = `${line}\n${result.complaint}\n${JSON.stringify(asked.map((request) => request.constraints))}`;
      assert.ok(
        target.digests.includes(result.digest),
        `other bytes: ${result.digest}, exit code ${result.code}: ${told}`,
      );
      const sources = [...target.sources(id)];
      assert.ok(sources.length > 0, told);
      for (const source of sources) {
        assert.ok(!place.exitsIn(LOST).has(source), `the user name was lost: ${told}`);
        assert.ok(place.exitsIn(country).has(source), `${source} is not in ${country}: ${told}`);
      }
      // A program that waits comes without its name first, and is asked for it.
      const carried = asked.filter(({ error }) => error !== "ERR_USER_NAME");
      for (const { constraints } of carried) assert.equal(constraints, `country=${country}, session=${session}`, told);
      assert.equal(target.wasToldName(id), false, `the target was told the user name: ${told}`);
      assert.equal(sources.length, 1, `a session has one exit, not ${sources.join(" and ")}: ${told}`);
    });
  }
}

/** The command with the Python that has its modules, and with what makes programs trust the target. */
function completed(command: Command, row: ProgramRow, home: string): Command {
  const [program = "", ...rest] = command.argv;
  const python = row.modules === undefined ? undefined : pythonWith(row.modules, MODULES);
  return {
    ...command,
    argv: [program === "python3" && python !== undefined ? python : program, ...rest],
    environment: { ...trusting(home), ...command.environment },
  };
}
