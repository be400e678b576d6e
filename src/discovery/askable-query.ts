import type { Random } from "../core/random.ts";
import { shuffled } from "../core/shuffled.ts";
import { WIRE_LIMITS } from "../wire/limits.ts";
import type { PeerQuery } from "../wire/peer-query.ts";

/**
 * A query as others may be asked for it: of lists that are longer than a request may have some items by chance, and no name
 * that is longer than one may be. A peer would refuse the whole request; what it answers too much does not fit, and no more.
 */
export function askableQuery(query: PeerQuery, random: Random): PeerQuery {
  const { maxListItems, maxTextBytes, maxAnswerEnvelopes } = WIRE_LIMITS;
  const entries = Object.entries(query).flatMap(([key, list]: [string, readonly (string | number)[] | undefined]) => {
    const most = (key === "peers" ? maxAnswerEnvelopes : maxListItems).value;
    const fitting = (list ?? []).filter((item) => Buffer.byteLength(String(item)) <= maxTextBytes.value);
    if (list === undefined || (fitting.length === 0 && list.length > 0)) return [];
    // Of roles and protocols a node must have all: one less would be asked for more than is wanted, and harms nobody.
    return [[key, fitting.length > most ? shuffled(fitting, random).slice(0, most) : fitting] as const];
  });
  return Object.fromEntries(entries);
}
