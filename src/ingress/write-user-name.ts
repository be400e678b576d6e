import { BywayError } from "../core/errors.ts";
import { CONSTRAINT_KEYS } from "../routing/constraint-table.ts";
import { type Constraints, constraintsKey } from "../routing/constraints.ts";
import { Credentials } from "./credentials.ts";

/** What is taken whole, whatever stands before and after it. */
const PLAIN_VALUE = /^[a-z0-9._~+]+$/i;

/**
 * The user name by which a program asks for `constraints`, as `user` if there are users: `user-alice-country-de-session-a1`, or with
 * values that a hyphen would cut `user=alice,isp=at&t`. `auto` where nothing is asked for. Throws ERR_USAGE_ARGUMENT for what no
 * user name can say.
 */
export function writeUserName(user: string | undefined, constraints: Constraints): string {
  const words = CONSTRAINT_KEYS.flatMap(({ name, kind, print }) => {
    const values = print(constraints);
    if (values === undefined) return [];
    const value = values.join("+").replaceAll(" ", "_");
    return kind === "flag" && value === "true" ? [[name]] : [[name, value]];
  });
  if (words.length === 0) return user ?? "auto";
  const isPlain = words.every(([, value]) => value === undefined || PLAIN_VALUE.test(value));
  const name = isPlain
    ? [...(user === undefined ? [] : ["user", user]), ...words.flat()].join("-")
    : [...(user === undefined ? [] : [`user=${user}`]), ...words.map((pair) => pair.join("="))].join(",");
  if (readsBack(name, user, constraints)) return name;
  throw new BywayError("ERR_USAGE_ARGUMENT", "no user name can ask for this: use the header byway-select");
}

function readsBack(userName: string, user: string | undefined, constraints: Constraints): boolean {
  const password = "x";
  const users = user === undefined ? [] : [{ name: user, password }];
  try {
    const read = new Credentials(users).check({ userName, password });
    return read.user === (user ?? "") && constraintsKey(read.constraints) === constraintsKey(constraints);
  } catch {
    return false;
  }
}
