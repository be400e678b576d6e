import type { MistakePlace } from "./mistakes.ts";

const HEADER = /^\s*(\[{1,2})\s*([A-Za-z0-9_.\s-]+?)\s*\]/;
const ASSIGNMENT = /^\s*([A-Za-z0-9_.-]+)\s*=/;
const LONG_STRING = /"""|'''/g;

/**
 * The line of a TOML text, from 1, at which the key or the table of a list begins; undefined where it is written in a form that
 * is not looked for here, such as quoted keys and inline tables.
 */
export function lineOfKey(text: string, { key, table }: MistakePlace): number | undefined {
  let group = "";
  let tables = 0;
  let isInString = false;
  for (const [index, line] of text.split("\n").entries()) {
    const wasInString = isInString;
    if ((line.match(LONG_STRING)?.length ?? 0) % 2 === 1) isInString = !isInString;
    if (wasInString) continue;
    const [, brackets, header] = HEADER.exec(line) ?? [];
    if (header !== undefined) {
      group = header.replaceAll(/\s/g, "");
      if (group === key) tables += 1;
      if (group === key && (brackets === "[" || table === undefined || tables === table)) return index + 1;
    }
    const [, name] = ASSIGNMENT.exec(line) ?? [];
    if (name !== undefined && (group === "" ? name : `${group}.${name}`) === key) return index + 1;
  }
  return undefined;
}
