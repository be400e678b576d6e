/** What must agree for two streams to share a circuit: every field. */
export interface IsolationGroup {
  /** Whose streams they are; "" when the app did not say. */
  readonly user: string;
  /** The session that the user named; "" for none. A session's circuits are its own. */
  readonly session: string;
  /** Which of the client's listeners they came through; "" for the library. */
  readonly listener: string;
  /** The canonical text of their constraints, without the session. */
  readonly constraints: string;
}

declare const isolated: unique symbol;

/** The text of a group: equal for equal groups and for no others. Only `isolationKey` makes one. */
export type IsolationKey = string & { readonly [isolated]: true };

export function isolationKey({ user, session, listener, constraints }: IsolationGroup): IsolationKey {
  return JSON.stringify([user, session, listener, constraints]) as IsolationKey;
}

/**
 * The group that a circuit belongs to once `asked` uses it; undefined when it may not.
 *
 * A circuit that nobody has used yet (`held` undefined) takes any group and is that group's from then on. Joining never
 * widens: whatever may join the result might have joined each of the two.
 */
export function joinGroups(held: IsolationGroup | undefined, asked: IsolationGroup): IsolationGroup | undefined {
  return held === undefined || isolationKey(held) === isolationKey(asked) ? asked : undefined;
}
