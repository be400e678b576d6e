/** Two streams may share a circuit if all these fields are equal. */
export interface IsolationGroup {
  /** The user of the streams; "" if the app named none. */
  readonly user: string;
  /** The session that the user named; "" for none. A session's circuits are its own. */
  readonly session: string;
  /** The listener that they came through; "" for the library. */
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
 * An unused circuit (`held` undefined) joins any group, and belongs to it from then on. Joining never widens: a group that
 * may join the result could have joined each of the two.
 */
export function joinGroups(held: IsolationGroup | undefined, asked: IsolationGroup): IsolationGroup | undefined {
  return held === undefined || isolationKey(held) === isolationKey(asked) ? asked : undefined;
}
