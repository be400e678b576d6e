/** What a caller asks of the circuit; an absent key asks for nothing. */
export interface Constraints {
  /** How many nodes the circuit has, 1-5. */
  readonly hops?: number;
  /** Where the exit may stand: ISO 3166-1 alpha-2 codes in lower case; one of them is enough. */
  readonly countries?: readonly string[];
  /** The exit itself: a peer id in base36. */
  readonly node?: string;
  /** Requests with the same session of the same user keep one exit. */
  readonly session?: string;
}

/**
 * The one text of a set of constraints, whatever the order they were given in: `country=de+us,hops=3`.
 * Equal texts ask for the same circuits; "" asks for nothing.
 */
export function constraintsKey(constraints: Constraints): string {
  const parts: string[] = [];
  const countries = [...new Set(constraints.countries)].sort();
  if (countries.length > 0) parts.push(`country=${countries.join("+")}`);
  if (constraints.hops !== undefined) parts.push(`hops=${constraints.hops}`);
  if (constraints.node !== undefined) parts.push(`node=${constraints.node}`);
  if (constraints.session !== undefined) parts.push(`session=${constraints.session}`);
  return parts.join(",");
}
