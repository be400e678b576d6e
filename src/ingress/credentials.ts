import { createHash, timingSafeEqual } from "node:crypto";
import { BywayError, toBywayError } from "../core/errors.ts";
import { checkConstraints, joinConstraints, mergeConstraints, readConstraints } from "../routing/constraint-keys.ts";
import type { Constraints } from "../routing/constraints.ts";
import type { Parameter } from "../routing/parameter.ts";
import { decodeUtf8 } from "../wire/utf8.ts";
import { splitPasswordParameters, splitUserName } from "./split-user-name.ts";
import { holdsNoParameter, parseUserName, type UserNameMeaning } from "./username-parameters.ts";

/** Somebody who may use the proxy. */
export interface ProxyUser {
  readonly name: string;
  readonly password: string;
}

/** What applies to all requests of a listener. */
export interface CredentialRules {
  /** Constraints that apply where a request does not say. */
  readonly defaults?: Constraints;
  /** Pass over what other providers' forms ask for and Byway has no such thing for, in place of refusing it. Default false. */
  readonly lenient?: boolean;
}

/** A user name and a password, as an app sent them. */
export interface SentCredentials {
  readonly userName: string;
  readonly password: string;
  /** By SOCKS, programs send the name of the system's user unasked: a name that holds no parameter is then an id. Default false. */
  readonly mayBeMeantForOthers?: boolean;
  /** What the same bytes say in latin1, where that differs. */
  readonly latin1?: SentCredentials;
}

/**
 * Reads what an app sent. UTF-8 is asked for (RFC 7617 §2.1), and some programs send latin1 all the same: bytes that are no UTF-8
 * are read as such, and where both readings are possible, passwords are compared with both.
 */
export function readCredentials(userName: Uint8Array, password: Uint8Array): SentCredentials {
  const texts = [userName, password].map((bytes) => decodeUtf8(bytes));
  const latin1 = [userName, password].map((bytes) => Buffer.from(bytes).toString("latin1"));
  const [userName8 = latin1[0] ?? "", password8 = latin1[1] ?? ""] = texts;
  const asLatin1 = { userName: latin1[0] ?? "", password: latin1[1] ?? "" };
  const differs = asLatin1.userName !== userName8 || asLatin1.password !== password8;
  return { userName: userName8, password: password8, ...(differs ? { latin1: asLatin1 } : {}) };
}

/**
 * Who may use the proxy. Without users anybody may, and user names and passwords carry only parameters. With users an id is
 * always one of theirs: of two that fit, the longer one. Where there is one user alone, a user name without an id stands for
 * that user, by the password (Apify's clients send `groups-RESIDENTIAL,session-x` or `auto`).
 */
export class Credentials {
  readonly #users: readonly ProxyUser[];
  readonly #names: readonly string[];
  readonly #rules: CredentialRules;

  constructor(users: readonly ProxyUser[], rules: CredentialRules = {}) {
    this.#users = users;
    this.#names = users.map((user) => user.name);
    this.#rules = rules;
  }

  /** Whether a request without credentials is refused. */
  get required(): boolean {
    return this.#users.length > 0;
  }

  /**
   * Who a user name and password stand for, and what they ask for, together with the parameters that came in another way
   * (`more`, looked at only when the credentials are right) and the listener's defaults; undefined stands for none sent.
   *
   * @throws BywayError ERR_CREDENTIALS, what `parseUserName` throws when the credentials are right, and
   * ERR_PARAMETER_CONFLICT for what contradicts itself.
   */
  check(
    sent: SentCredentials | undefined,
    more: readonly Parameter[] | (() => readonly Parameter[]) = [],
  ): UserNameMeaning {
    const { defaults = {} } = this.#rules;
    const said = this.required ? this.#checkReadings(sent) : this.#anybody(sent);
    const beside = readConstraints(typeof more === "function" ? more() : more, this.#rules);
    const constraints = mergeConstraints(defaults, joinConstraints(said.constraints, beside.constraints));
    checkConstraints(constraints);
    return { user: said.user, constraints, ignored: [...new Set([...said.ignored, ...beside.ignored])] };
  }

  #anybody(sent: SentCredentials | undefined): UserNameMeaning {
    if (sent === undefined) return NOBODY;
    const { userName, password } = sent;
    if (sent.mayBeMeantForOthers === true && password === "" && holdsNoParameter(userName))
      return { ...NOBODY, user: userName };
    return parseUserName(userName, password, this.#rules);
  }

  /** Tries the second reading where the first is of nobody's password. */
  #checkReadings(sent: SentCredentials | undefined): UserNameMeaning {
    try {
      return this.#checkUser(sent);
    } catch (error) {
      if (sent?.latin1 === undefined || toBywayError(error).code !== "ERR_CREDENTIALS") throw error;
      return this.#checkUser(sent.latin1);
    }
  }

  #checkUser(sent: SentCredentials | undefined): UserNameMeaning {
    if (sent === undefined) throw new BywayError("ERR_CREDENTIALS", "this proxy asks for a user name and password");
    const split = splitUserName(sent.userName, this.#names);
    const only = this.#users.length === 1 ? this.#names[0] : undefined;
    const user = split.user === "" && only !== undefined ? only : split.user;
    const appended = this.#afterPassword(user, sent.password);
    if (appended === undefined) throw new BywayError("ERR_CREDENTIALS", "the user name or password is wrong");
    return { user, ...readConstraints([...split.parameters, ...splitPasswordParameters(appended)], this.#rules) };
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

const NOBODY: UserNameMeaning = { user: "", constraints: {}, ignored: [] };

/** Compares digests, so that neither content nor length shows in the time that it takes. */
function equalInConstantTime(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
