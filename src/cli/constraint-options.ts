import { type Command, Option } from "commander";
import { readConstraints } from "../routing/constraint-keys.ts";
import { CONSTRAINT_KEYS, type ConstraintKey } from "../routing/constraint-table.ts";
import type { Constraints } from "../routing/constraints.ts";
import type { Parameter } from "../routing/parameter.ts";
import { collect } from "./setting-options.ts";

/** What is left out, by the flags' names without dashes. */
interface ConstraintOptions {
  readonly except?: readonly string[];
}

/** Gives `command` one flag for each parameter: `--country us,de --max-price 0.5 --strict`. Lists may also be repeated. */
export function addConstraintOptions(command: Command, options: ConstraintOptions = {}): Command {
  for (const row of CONSTRAINT_KEYS) {
    if (options.except?.includes(row.option) !== true) command.addOption(asOption(row));
  }
  return command;
}

/**
 * What the flags that `addConstraintOptions` made ask for on this command line. Throws what `readConstraints` throws; whether
 * the constraints contradict each other is for `checkConstraints`, once defaults are merged.
 */
export function givenConstraints(command: Command): Constraints {
  const parameters: Parameter[] = [];
  for (const row of CONSTRAINT_KEYS) {
    // A setting may have the same flag; it is none of ours.
    const own = command.options.find(({ long, description }) => long === `--${row.option}` && description === row.docs);
    const given: unknown = own && command.getOptionValue(own.attributeName());
    if (given === undefined) continue;
    const text = isList(row) ? [given].flat().join(",").replaceAll(",", "+") : String(given);
    parameters.push([row.name, row.kind === "flag" ? undefined : text]);
  }
  return readConstraints(parameters).constraints;
}

function asOption(row: ConstraintKey): Option {
  const option = new Option(`--${row.option}${row.metavar === "" ? "" : ` <${row.metavar}>`}`, row.docs);
  return isList(row) ? option.argParser(collect) : option;
}

function isList(row: ConstraintKey): boolean {
  return row.kind === "list" || row.kind === "name-list";
}
