/** Questions by name: what is asked, and the answer. Both are plain JSON. */
export type Questions = { readonly [name: string]: { readonly ask: unknown; readonly answer: unknown } };

/** Asks one of the questions. Settles with undefined where the other process is gone, or cannot answer. */
export type Ask<Q extends Questions> = <Name extends keyof Q>(
  name: Name,
  asked: Q[Name]["ask"],
) => Promise<Q[Name]["answer"] | undefined>;

/** Answers all of the questions. What one throws goes to `failed` of its channel. */
export type Answers<Q extends Questions> = {
  readonly [Name in keyof Q]: (asked: Q[Name]["ask"]) => Promise<Q[Name]["answer"]>;
};

/** A question on its way; its answer has the same number. */
export interface AskMessage<Q extends Questions> {
  readonly kind: "ask";
  readonly question: number;
  readonly name: keyof Q;
  readonly asked: Q[keyof Q]["ask"];
}

/** The answer to a question; undefined where it could not be answered. */
export interface AnswerMessage<Q extends Questions> {
  readonly kind: "answer";
  readonly question: number;
  readonly answer?: Q[keyof Q]["answer"] | undefined;
}

/** Settles one question. */
interface Pending {
  settle(answer: unknown): void;
}

/** One end of the questions between two processes: asks `Out`, and answers `In`. */
export class QuestionChannel<Out extends Questions, In extends Questions> {
  readonly #send: (message: AskMessage<Out> | AnswerMessage<In>) => void;
  readonly #answers: () => Answers<In> | undefined;
  readonly #failed: (cause: unknown) => void;
  readonly #pending = new Map<number, Pending>();
  #next = 1;
  #isOver = false;

  /** `answers` returns undefined while there is nobody to answer. `failed` is called when an answer throws; the asker gets undefined. */
  constructor(
    send: (message: AskMessage<Out> | AnswerMessage<In>) => void,
    answers: () => Answers<In> | undefined,
    failed: (cause: unknown) => void = () => {},
  ) {
    this.#send = send;
    this.#answers = answers;
    this.#failed = failed;
  }

  /** Asks the other process. */
  ask<Name extends keyof Out>(name: Name, asked: Out[Name]["ask"]): Promise<Out[Name]["answer"] | undefined> {
    if (this.#isOver) return Promise.resolve(undefined);
    const question = this.#next++;
    return new Promise((settle) => {
      this.#pending.set(question, { settle });
      this.#send({ kind: "ask", question, name, asked });
    });
  }

  /** Takes a question or an answer that came in. */
  receive(message: AskMessage<In> | AnswerMessage<Out>): void {
    if (message.kind === "ask") this.#answer(message);
    else this.#settle(message.question, message.answer);
  }

  /** The other process is gone: what was asked, and what will be, settles with undefined. */
  end(): void {
    this.#isOver = true;
    for (const question of this.#pending.keys()) this.#settle(question, undefined);
  }

  #settle(question: number, answer: unknown): void {
    this.#pending.get(question)?.settle(answer);
    this.#pending.delete(question);
  }

  #answer({ question, name, asked }: AskMessage<In>): void {
    const send = (answer?: In[keyof In]["answer"]): void => this.#send({ kind: "answer", question, answer });
    const answer = this.#answers()?.[name];
    if (answer === undefined) {
      send();
      return;
    }
    answer(asked).then(send, (cause: unknown) => {
      this.#failed(cause);
      send();
    });
  }
}
