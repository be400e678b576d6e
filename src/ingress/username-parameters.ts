import { type ReadParameters, readConstraints, resemblesParameterName } from "../routing/constraint-keys.ts";
import type { Parameter } from "../routing/parameter.ts";
import { splitPasswordParameters, splitUserName } from "./split-user-name.ts";

/** What a user name and password say. */
export interface UserNameMeaning extends ReadParameters {
  /** The id of the user; "" when the name gives parameters only. */
  readonly user: string;
}

/** Looked at to tell a name or a password from parameters; far more than there are parameters. */
const PARTS_LOOKED_AT = 64;

/**
 * Reads a user name and password in one of the forms that proxy users know (`splitUserName`, docs/parameters.md), where no
 * ids are known. `password` is read for parameters only, never checked: `<password>_country-us_hops-3`, the password may be empty.
 *
 * @throws BywayError ERR_PARAMETER_UNKNOWN, ERR_PARAMETER_VALUE or ERR_PARAMETER_CONFLICT; nothing is ignored, unless it is
 * another provider's and `lenient` is set.
 */
export function parseUserName(
  userName: string,
  password: string,
  options: { readonly lenient?: boolean } = {},
): UserNameMeaning {
  const { user, parameters } = splitUserName(userName, []);
  return { user, ...readConstraints([...parameters, ...guessPasswordParameters(password)], options) };
}

/** Whether no word of a user name is the name of a parameter, nor looks like a slip of the pen for one. */
export function holdsNoParameter(userName: string): boolean {
  const words = userName.split(/[-_,=.;]+/, PARTS_LOOKED_AT + 1);
  return words.length <= PARTS_LOOKED_AT && !words.some(resemblesParameterName);
}

/** With no password to compare with, only what looks like parameters can be told from a password with `_` in it. */
function guessPasswordParameters(password: string): readonly Parameter[] {
  const at = password.indexOf("_");
  if (at === -1) return [];
  const parameters = splitPasswordParameters(password.slice(at));
  const looked = parameters.slice(0, PARTS_LOOKED_AT);
  return looked.some(([key, value]) => value !== undefined && resemblesParameterName(key)) ? parameters : [];
}
