import type { Link } from "../link/link.ts";

/** What a pulse asks of a link. */
export type AskedLink = Pick<Link, "ping" | "bytesReceived" | "ended">;

/**
 * Asks all hops of a circuit at once whether they are there: a silent guard makes every exit behind it look silent, and only
 * the first hop that says nothing is at fault.
 */
export class Pulse {
  readonly #links: readonly AskedLink[];
  /** What each link had brought when it was asked; undefined once it has answered. */
  #owed: (number | undefined)[] = [];

  /** `links` are those of a circuit, first hop first. */
  constructor(links: readonly AskedLink[]) {
    this.#links = links;
  }

  /** Asks; resolves when the exit answers, rejects when its link is gone. */
  ask(): Promise<unknown> {
    const owed: (number | undefined)[] = this.#links.map((link) => link.bytesReceived);
    this.#owed = owed;
    const answers = this.#links.map((link, index) =>
      link.ping().then(() => {
        owed[index] = undefined;
      }),
    );
    for (const answer of answers) answer.catch(() => {});
    return answers.at(-1) ?? Promise.resolve();
  }

  /** Index of the first hop whose link is gone; undefined when all stand. */
  get gone(): number | undefined {
    const index = this.#links.findIndex((link) => link.ended);
    return index === -1 ? undefined : index;
  }

  /** Index of the first hop that is gone or has said nothing since it was asked. */
  get silent(): number | undefined {
    const index = this.#links.findIndex((link, at) => link.ended || link.bytesReceived === this.#owed[at]);
    return index === -1 ? undefined : index;
  }
}
