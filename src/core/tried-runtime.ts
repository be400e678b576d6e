import { RUNTIME } from "./version.ts";

/** What to tell the owner of a program that runs in Node `version`, as `26.10.0`; undefined for one that Byway was tried with. */
export function runtimeDoubt(version: string): string | undefined {
  const isTried = !isBefore(version, RUNTIME.tried) && isBefore(version, RUNTIME.below);
  if (isTried) return undefined;
  const what = isBefore(version, RUNTIME.works) ? "does not work" : "was not tried";
  return `Byway ${what} with Node ${version}: use one from ${RUNTIME.tried} on and below ${RUNTIME.below}, such as node_modules/.bin/node`;
}

function isBefore(a: string, b: string): boolean {
  const [left = [], right = []] = [a, b].map((version) => (version.split("-")[0] ?? "").split(".").map(Number));
  const at = left.findIndex((part, index) => part !== right[index]);
  return at !== -1 && (left[at] ?? 0) < (right[at] ?? 0);
}
