import { execFileSync } from "node:child_process";
import type { TestContext } from "node:test";

/** Where a node is, and where its targets are. Both look public, which loopback never does. */
export const NODE_ADDRESS = "45.10.0.1";
export const TARGET_ADDRESS = "51.20.0.1";

/** Two network namespaces with one line between them, and no way to anywhere else. */
export interface TwoNamespaces {
  /** What runs a command at the node's end. */
  readonly atNode: readonly string[];
  /** What runs a command at the targets' end. */
  readonly atTarget: readonly string[];
  /** The node's network interface. */
  readonly nodeLine: string;
}

/** Why there can be none on this machine, or undefined. */
export function noNamespaces(): string | undefined {
  if (process.platform !== "linux") return "network namespaces are Linux's";
  if (process.getuid?.() !== 0) return "only root can make network namespaces";
  const name = `byway-${process.pid}-try`;
  try {
    ip("netns", "add", name);
    ip("netns", "delete", name);
    return undefined;
  } catch (error) {
    return `no network namespace can be made here: ${(error as Error).message.split("\n")[0]}`;
  }
}

/** Makes both; they are removed after the test. */
export function twoNamespaces(test: TestContext): TwoNamespaces {
  const [node, target] = [`byway-${process.pid}-node`, `byway-${process.pid}-target`];
  const [nodeLine, targetLine] = [`byn${process.pid}`, `byt${process.pid}`];
  for (const name of [node, target]) {
    ip("netns", "add", name);
    test.after(() => ip("netns", "delete", name));
  }
  ip("link", "add", nodeLine, "netns", node, "type", "veth", "peer", "name", targetLine, "netns", target);
  for (const [name, line, own, other] of [
    [node, nodeLine, NODE_ADDRESS, TARGET_ADDRESS],
    [target, targetLine, TARGET_ADDRESS, NODE_ADDRESS],
  ] as const) {
    ip("-n", name, "link", "set", "lo", "up");
    ip("-n", name, "address", "add", `${own}/32`, "dev", line);
    ip("-n", name, "link", "set", line, "up");
    ip("-n", name, "route", "add", `${other}/32`, "dev", line);
  }
  return { atNode: ["ip", "netns", "exec", node], atTarget: ["ip", "netns", "exec", target], nodeLine };
}

function ip(...args: readonly string[]): void {
  execFileSync("ip", args, { stdio: ["ignore", "ignore", "pipe"] });
}
