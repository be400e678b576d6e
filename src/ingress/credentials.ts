import { createHash, timingSafeEqual } from "node:crypto";
import { BywayError } from "../core/errors.ts";
import { readParameters } from "./parameters.ts";
import { parseUserName, splitPasswordParameters, splitUserName, type UserNameMeaning } from "./username-parameters.ts";

/** Somebody who may use the proxy. */
export interface ProxyUser {
  readonly name: string;
  readonly password: string;
}

/** Who may use the proxy. Without users anybody may, and user names and passwords carry only parameters. */
export class Credentials {
  readonly #users: readonly ProxyUser[];

  constructor(users: readonly ProxyUser[]) {
    this.#users = users;
  }

  /** Whether a request without credentials is refused. */
  get required(): boolean {
    return this.#users.length > 0;
  }

  /**
   * Who a user name and password stand for, and what they ask for; undefined stands for none sent.
   *
   * @throws BywayError ERR_CREDENTIALS, and what `parseUserName` throws when the credentials are right.
   */
  check(sent: { readonly userName: string; readonly password: string } | undefined): UserNameMeaning {
    if (!this.required) return sent === undefined ? NOBODY : parseUserName(sent.userName, sent.password);
    if (sent === undefined) throw new BywayError("ERR_CREDENTIALS", "this proxy asks for a user name and password");
    const names = this.#users.map((user) => user.name);
    const { user, parameters } = splitUserName(sent.userName, names);
    const appended = this.#afterPassword(user, sent.password);
    if (appended === undefined) throw new BywayError("ERR_CREDENTIALS", "the user name or password is wrong");
    return { user, constraints: readParameters([...parameters, ...splitPasswordParameters(appended)]) };
  }

  /** What follows the user's password in `sent`; undefined when it does not begin with it. Looks at every user. */
  #afterPassword(name: string, sent: string): string | undefined {
    let appended: string | undefined;
    for (const user of this.#users) {
      const whole = equalInConstantTime(sent, user.password);
      const length = user.password.length;
      const start = equalInConstantTime(sent.slice(0, length), user.password) && sent.charAt(length) === "_";
      if (user.name === name && (whole || start)) appended = sent.slice(length);
    }
    return appended;
  }
}

const NOBODY: UserNameMeaning = { user: "", constraints: {} };

/** Compares digests, so that neither content nor length shows in the time that it takes. */
function equalInConstantTime(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
