/** What must agree for two streams to share a circuit. */
export interface IsolationGroup {
  /** Whose streams they are; "" when the app did not say. */
  readonly user: string;
  /** The canonical text of their constraints, session included. */
  readonly constraints: string;
}

/** The key of a group: equal for equal groups and for no others. */
export function isolationKey({ user, constraints }: IsolationGroup): string {
  return JSON.stringify([user, constraints]);
}
