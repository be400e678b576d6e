import { parseConstraints } from "../../routing/constraint-keys.ts";
import type { Constraints } from "../../routing/constraints.ts";
import type { Explanation } from "../../routing/explanation.ts";
import { json, type Page } from "../page.ts";
import { anyText, oneOf, wholeNumber } from "../page-params.ts";
import type { PickQuery } from "../pick-query.ts";

/** The parameters of `PICK`. */
interface PickParams {
  readonly select: Constraints;
  readonly protocol: "tcp" | "udp";
  readonly port: number;
  readonly user: string;
}

/** What routing would choose now. Throws ERR_NO_NODE and others. */
export const PICK: Page<{ readonly pick: (query: PickQuery) => Explanation }, PickParams> = {
  method: "GET",
  path: "/v1/pick",
  params: { select: parseConstraints, protocol: oneOf("tcp", "udp"), port: wholeNumber(65_535), user: anyText },
  principal: "owner",
  answer: ({ pick }, { params: { select: constraints = parseConstraints(""), ...rest } }) =>
    json({ explanation: pick({ constraints, ...rest }) }),
};
