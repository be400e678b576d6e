import type { Link } from "../link/link.ts";

/** The part of a link that a check uses. */
export type AskedLink = Pick<Link, "ping" | "bytesReceived" | "ended">;

/**
 * Pings all hops of a circuit at once. A silent guard makes every exit behind it look silent, so the first hop that does not
 * answer is at fault.
 */
export class HopCheck {
  readonly #links: readonly AskedLink[];
  /** Bytes of each link when it was pinged; undefined once it has answered. */
  #owed: (number | undefined)[] = [];

  /** `links` are those of a circuit, first hop first. */
  constructor(links: readonly AskedLink[]) {
    this.#links = links;
  }

  /** Pings; resolves when the exit answers, rejects when its link is gone. */
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

  /** Index of the first hop whose link is gone; undefined when none is. */
  get gone(): number | undefined {
    const index = this.#links.findIndex((link) => link.ended);
    return index === -1 ? undefined : index;
  }

  /** Index of the first hop that is gone, or from which nothing has come since it was pinged. */
  get silent(): number | undefined {
    const index = this.#links.findIndex((link, at) => link.ended || link.bytesReceived === this.#owed[at]);
    return index === -1 ? undefined : index;
  }
}
