import type { NodeOperations } from "../operation/node-status.ts";
import { type ControlAnswer, errorAnswer } from "./control-answer.ts";
import { findPage, type Page } from "./find-page.ts";

type Make = (operations: NodeOperations) => object | Promise<object>;

/** Each answers with what was asked for; what changes the node answers with the node as it is after that. */
const PAGES: readonly Page<Make>[] = [
  page("GET", "/v1/node", (operations) => ({ node: operations.status() })),
  page("POST", "/v1/node/pause", (operations) => changed(operations, () => operations.pause())),
  page("POST", "/v1/node/resume", (operations) => changed(operations, () => operations.resume())),
  page("POST", "/v1/node/drain", (operations) => changed(operations, () => operations.drain())),
  page("POST", "/v1/node/reload", async (operations) => ({ blocklists: await operations.reload() })),
];

/** A node's answer to a request for `target` (path and query), whatever it came over; never rejects. Errors as `controlAnswer`. */
export async function nodeAnswer(operations: NodeOperations, method: string, target: string): Promise<ControlAnswer> {
  try {
    return { status: 200, body: JSON.stringify(await findPage(PAGES, method, target).make(operations)) };
  } catch (thrown) {
    return errorAnswer(thrown);
  }
}

function page(method: "GET" | "POST", path: string, make: Make): Page<Make> {
  return { method, path, parameters: [], make };
}

function changed(operations: NodeOperations, change: () => void): object {
  change();
  return { node: operations.status() };
}
