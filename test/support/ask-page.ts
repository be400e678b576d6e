import { answerWith } from "../../src/api/answer-page.ts";
import type { Page, PageAnswer, Principal } from "../../src/api/page.ts";

/** The answer of `pages` that show `shown`, as the owner gets it unless another asks; a body is read only when one is given. */
export function askPage<C>(
  pages: readonly Page<C>[],
  shown: C,
  method: string,
  target: string,
  { body, principal = "owner" }: { body?: string; principal?: Principal } = {},
): Promise<PageAnswer> {
  const readBody = async (): Promise<string> => {
    if (body === undefined) throw new Error("the body was read");
    return body;
  };
  return answerWith(pages, () => shown)({ method, target, principal, readBody });
}
