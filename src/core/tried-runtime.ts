import { readFileSync } from "node:fs";

/** The Nodes that Byway was tried with, from `tried` on and below `below`; bin/byway.cjs goes by the same. */
interface Runtime {
  readonly works: string;
  readonly tried: string;
  readonly below: string;
}

const { runtime } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  readonly runtime: Runtime;
};

/** What to tell the owner of a program that runs in Node `version`, as `26.10.0`; undefined for one that Byway was tried with. */
export function runtimeDoubt(version: string): string | undefined {
  const isTried = !isBefore(version, runtime.tried) && isBefore(version, runtime.below);
  if (isTried) return undefined;
  const what = isBefore(version, runtime.works) ? "does not work" : "was not tried";
  return `Byway ${what} with Node ${version}: use one from ${runtime.tried} on and below ${runtime.below}, such as node_modules/.bin/node`;
}

function isBefore(a: string, b: string): boolean {
  const [left = [], right = []] = [a, b].map((version) => (version.split("-")[0] ?? "").split(".").map(Number));
  const at = left.findIndex((part, index) => part !== right[index]);
  return at !== -1 && (left[at] ?? 0) < (right[at] ?? 0);
}
