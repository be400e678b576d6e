import type { NodeOperations } from "../operation/node-status.ts";
import { json, type Page } from "./page.ts";

/** The pages of a node. What changes the node answers with the node's status after the change. */
export const NODE_PAGES: readonly Page<NodeOperations>[] = [
  page("GET", "/v1/node", (node) => ({ node: node.status() })),
  change("pause"),
  change("resume"),
  change("drain"),
  page("POST", "/v1/node/reload", async (node) => ({ blocklists: await node.reload() })),
];

function change(verb: "pause" | "resume" | "drain"): Page<NodeOperations> {
  return page("POST", `/v1/node/${verb}`, (node) => {
    node[verb]();
    return { node: node.status() };
  });
}

function page(
  method: "GET" | "POST",
  path: string,
  make: (node: NodeOperations) => object | Promise<object>,
): Page<NodeOperations> {
  return { method, path, params: {}, principal: "owner", answer: async (node) => json(await make(node)) };
}
