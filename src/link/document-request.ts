import type { RequestRow } from "./request-table.ts";

/** The row of the document that says what the node is (docs/protocol.md §2.5). It is served also by a node that is closed. */
export function documentRequest(describe: () => unknown): RequestRow {
  return {
    method: "GET",
    path: "/.well-known/byway",
    isAlwaysServed: true,
    serve: (incoming) => incoming.reply(200, describe()),
  };
}
