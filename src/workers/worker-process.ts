import type { Socket } from "node:net";
import type { Clock, Timer } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import type { LinkPlace } from "../link/link-places.ts";
import type { ForkWorker, WorkerChild } from "./fork-worker.ts";
import { WORKERS_LIMITS } from "./limits.ts";
import type { FromWorker, WorkerContract } from "./messages.ts";
import { type Answers, type Ask, QuestionChannel } from "./question-channel.ts";

/** What a worker's process needs of its node. */
export interface WorkerProcessComponents<C extends WorkerContract> {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly fork: ForkWorker<C>;
  /** Answers what workers ask. */
  readonly answers: Answers<C["nodeAnswers"]>;
}

interface PassedLink {
  readonly place: Pick<LinkPlace, "use" | "release">;
  /** The node's copy of the connection, until the worker has its own. */
  socket: Socket | undefined;
}

/** The node's end of one worker. */
export class WorkerProcess<C extends WorkerContract> {
  /** Settles when it takes connections; rejects with ERR_WORKER or what the worker reported if it ends before. */
  readonly ready: Promise<void>;
  /** Settles with the reason when the process is gone. */
  readonly gone: Promise<BywayError>;
  readonly #clock: Clock;
  readonly #child: WorkerChild<C>;
  readonly #links = new Map<number, PassedLink>();
  /** What asked links to give way, until it is answered. */
  readonly #yields = new Map<number, (given: boolean) => void>();
  /** Connections on their way and links that were asked, and the time by which one of them must be settled. */
  #waiting = 0;
  #takes: Timer | undefined;
  #nextLink = 1;
  #serves = false;
  #report: C["report"] | undefined;
  readonly #questions: QuestionChannel<C["workerAnswers"], C["nodeAnswers"]>;

  constructor(components: WorkerProcessComponents<C>, workerNumber: number, startOptions: C["options"]) {
    const { clock, logger, fork } = components;
    this.#clock = clock;
    const ready = Promise.withResolvers<void>();
    const gone = Promise.withResolvers<BywayError>();
    ready.promise.catch(() => {});
    this.ready = ready.promise;
    this.gone = gone.promise;
    let failure: BywayError | undefined;
    let timer: Timer | undefined;
    const onMessage = (message: FromWorker<C>): void => {
      switch (message.kind) {
        case "ready":
          timer?.cancel();
          this.#serves = true;
          ready.resolve();
          break;
        case "taken":
          this.#taken(message.link);
          break;
        case "yielded":
          this.#yielded(message.link, message.given);
          break;
        case "uses":
          for (const [link, isInUse] of message.links) this.#links.get(link)?.place.use(isInUse);
          break;
        case "closed":
          this.#forget(message.link);
          break;
        case "report":
          this.#report = message.report;
          break;
        case "ask":
        case "answer":
          this.#questions.receive(message);
          break;
        case "log":
          logger[message.level](message.message, { worker: workerNumber, ...message.fields });
          break;
        case "failed":
          failure = new BywayError(message.code, message.message);
      }
    };
    this.#questions = new QuestionChannel(
      (message) => this.#child.send(message),
      () => components.answers,
    );
    this.#child = fork(workerNumber, {
      onMessage,
      onExit: (reason) => {
        timer?.cancel();
        this.#serves = false;
        for (const link of this.#links.keys()) this.#forget(link);
        this.#takes?.cancel();
        this.#questions.end();
        const error = failure ?? new BywayError("ERR_WORKER", `worker ${workerNumber} ended (${reason})`);
        ready.reject(error);
        gone.resolve(error);
      },
    });
    timer = clock.after(WORKERS_LIMITS.startMs.value, () => this.#child.kill());
    this.#child.send({ kind: "start", worker: workerNumber, options: startOptions });
  }

  /** Whether it takes connections. */
  get serves(): boolean {
    return this.#serves;
  }

  /** How many connections it has. */
  get links(): number {
    return this.#links.size;
  }

  /** What its service last told of itself; undefined before it told anything. */
  get report(): C["report"] | undefined {
    return this.#report;
  }

  /**
   * Passes an unread connection to it. Releases `place` when that connection is gone, and tells it which use is made of the
   * link. Returns what asks the link to give way: settles with whether it has.
   */
  pass(socket: Socket, place: Pick<LinkPlace, "use" | "release">): () => Promise<boolean> {
    const link = this.#nextLink++;
    this.#links.set(link, { place, socket });
    this.#await();
    this.#child.send({ kind: "link", link }, socket);
    return () => this.#yield(link);
  }

  /** Tells it the load of the whole node. */
  tellLoad(load: number): void {
    this.#child.send({ kind: "load", load });
  }

  /** Tells it what to go by. */
  obey(orders: C["orders"]): void {
    this.#child.send({ kind: "orders", orders });
  }

  /** Asks it. */
  readonly ask: Ask<C["workerAnswers"]> = (name, asked) => this.#questions.ask(name, asked);

  /** Asks it to end, and kills it when it takes too long; settles when the process is gone. */
  async stop(): Promise<void> {
    this.#serves = false;
    using _grace = this.#clock.after(WORKERS_LIMITS.stopMs.value, () => this.#child.kill());
    this.#child.send({ kind: "stop" });
    await this.gone;
  }

  #yield(link: number): Promise<boolean> {
    if (!this.#links.has(link)) return Promise.resolve(true);
    this.#await();
    return new Promise((resolve) => {
      this.#yields.set(link, resolve);
      this.#child.send({ kind: "yield", link });
    });
  }

  #yielded(link: number, given: boolean): void {
    const answer = this.#yields.get(link);
    if (answer === undefined) return;
    this.#yields.delete(link);
    this.#settled();
    answer(given);
  }

  #taken(link: number): void {
    const passed = this.#links.get(link);
    if (passed?.socket === undefined) return;
    passed.socket.destroy();
    passed.socket = undefined;
    this.#settled();
  }

  #forget(link: number): void {
    this.#taken(link);
    this.#yielded(link, true);
    this.#links.get(link)?.place.release();
    this.#links.delete(link);
  }

  #await(): void {
    this.#waiting += 1;
    if (this.#waiting === 1) this.#expectTaking();
  }

  #settled(): void {
    this.#waiting -= 1;
    this.#takes?.cancel();
    if (this.#waiting > 0) this.#expectTaking();
  }

  // Counted from the last one taken: a worker under a flood is slow and not dead.
  #expectTaking(): void {
    this.#takes = this.#clock.after(WORKERS_LIMITS.takeMs.value, () => this.#child.kill());
  }
}
