import { withAbort } from "../core/abort.ts";
import type { ErrorCode } from "../core/error-table.ts";
import { BywayError, toBywayError } from "../core/errors.ts";
import type { LocatedHop, LocateHop } from "../link/locate-hop.ts";

/** What a worker asks its node: where a next hop is. Plain JSON. */
export interface HopQuestion {
  readonly peerId: string;
  readonly askerAddress: string;
  /** The advertisement that the request showed, in base64url. */
  readonly shown?: string;
}

/** The node's answer. Plain JSON. */
export type HopAnswer = LocatedHop | { readonly code: ErrorCode; readonly message: string };

/** Locates next hops in a worker, by asking the node. */
export function askNode(ask: (asked: HopQuestion) => Promise<HopAnswer | undefined>): LocateHop {
  return async ({ shown, ...asked }, signal) => {
    const question: HopQuestion =
      shown === undefined ? asked : { ...asked, shown: Buffer.from(shown).toString("base64url") };
    const answer = await withAbort(ask(question), signal);
    if (answer === undefined) throw new BywayError("ERR_HOP_UNKNOWN", "this relay's node did not answer");
    if ("ways" in answer) return answer;
    throw new BywayError(answer.code, answer.message);
  };
}

/** The node's side: answers by `locate`. `signal` ends all questions. */
export function answerWorker(locate: LocateHop, signal: AbortSignal): (asked: HopQuestion) => Promise<HopAnswer> {
  return async ({ shown, ...rest }) => {
    try {
      const hop = shown === undefined ? rest : { ...rest, shown: Buffer.from(shown, "base64url") };
      return await locate(hop, signal);
    } catch (error) {
      const { code, message } = toBywayError(error);
      return { code, message };
    }
  };
}
