import type { Candidate } from "./candidate.ts";
import { ROUTING_LIMITS } from "./limits.ts";

/**
 * Counts who shares an allotment: the nodes of one /24 or /48, of one AS where data proves it, and of one family.
 *
 * Anybody can write another's name or peer id into its family. So a peer id counts where both name each other. A name counts
 * for whoever writes it, which makes one that is taken a burden to the taker as well.
 */
class Crowds {
  readonly #subnets = new Map<string, number>();
  readonly #asns = new Map<number, number>();
  readonly #names = new Map<string, number>();
  readonly #members = new Map<string, Candidate>();

  add(candidate: Candidate): void {
    const { peerId, subnet, provenAsn, family } = candidate;
    if (subnet !== undefined) this.#subnets.set(subnet, (this.#subnets.get(subnet) ?? 0) + 1);
    if (provenAsn !== undefined) this.#asns.set(provenAsn, (this.#asns.get(provenAsn) ?? 0) + 1);
    for (const name of namesOf(family)) this.#names.set(name, (this.#names.get(name) ?? 0) + 1);
    this.#members.set(peerId, candidate);
  }

  /** Whether as many of its like were added as may be while others are left. */
  isFull(candidate: Candidate): boolean {
    const { bestOfAsn, bestOfSubnet, bestOfFamily } = ROUTING_LIMITS;
    return (
      this.#ofSubnet(candidate) >= bestOfSubnet.value ||
      Math.max(this.#ofAsn(candidate), this.#ofName(candidate)) >= bestOfAsn.value ||
      this.#kin(candidate) >= bestOfFamily.value
    );
  }

  /** How many of those added share an allotment with one of them, itself among them. */
  sizeAround(candidate: Candidate): number {
    const kin = 1 + this.#kin(candidate);
    return Math.max(kin, this.#ofSubnet(candidate), this.#ofAsn(candidate), this.#ofName(candidate));
  }

  #ofSubnet({ subnet }: Candidate): number {
    return subnet === undefined ? 0 : (this.#subnets.get(subnet) ?? 0);
  }

  #ofAsn({ provenAsn }: Candidate): number {
    return provenAsn === undefined ? 0 : (this.#asns.get(provenAsn) ?? 0);
  }

  #ofName({ family }: Candidate): number {
    let most = 0;
    for (const name of namesOf(family)) most = Math.max(most, this.#names.get(name) ?? 0);
    return most;
  }

  /** Others who name it, and whom it names. */
  #kin({ peerId, family }: Candidate): number {
    if (family === undefined) return 0;
    let kin = 0;
    for (const member of new Set(family)) {
      if (member !== peerId && this.#members.get(member)?.family?.includes(peerId) === true) kin += 1;
    }
    return kin;
  }
}

const NO_NAMES: ReadonlySet<string> = new Set();

/** What in a family is no peer id. */
function namesOf(family: readonly string[] | undefined): ReadonlySet<string> {
  if (family === undefined || family.length === 0) return NO_NAMES;
  return new Set(family.filter((member) => !/^k[0-9a-z]{40,}$/.test(member)));
}

/**
 * The best `count` of `ranked`, which is ordered best first: at most two of one subnet and of those who name each other as
 * family, and four of one AS and of one family name, as long as others are left; the best of the rest where they are not.
 * Those that `isWanted` refuses are passed over.
 */
export function bestOf<T>(
  ranked: readonly T[],
  candidateOf: (one: T) => Candidate,
  count: number,
  isWanted: (candidate: Candidate) => boolean,
): readonly T[] {
  const crowds = new Crowds();
  const taken: T[] = [];
  const left: T[] = [];
  for (const one of ranked) {
    if (taken.length === count) break;
    const candidate = candidateOf(one);
    if (!isWanted(candidate)) continue;
    if (crowds.isFull(candidate)) left.push(one);
    else {
      taken.push(one);
      crowds.add(candidate);
    }
  }
  return [...taken, ...left.slice(0, count - taken.length)];
}

/** For each node how many of all share an allotment with it, itself among them: the most that share any one thing. */
export function crowdSizes(candidates: readonly Candidate[]): readonly number[] {
  const crowds = new Crowds();
  for (const candidate of candidates) crowds.add(candidate);
  return candidates.map((candidate) => crowds.sizeAround(candidate));
}
