import type { Socket } from "node:net";
import type { Clock, Timer } from "../core/clock.ts";
import { toBywayError } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import { CROWDED } from "../link/link-places.ts";
import { WORKERS_LIMITS } from "./limits.ts";
import { LinkUses } from "./link-uses.ts";
import type { FromWorker, ToWorker, WorkerContract } from "./messages.ts";
import { type Ask, QuestionChannel } from "./question-channel.ts";
import { createWorkerLogger } from "./worker-logger.ts";
import type { WorkerService } from "./worker-service.ts";

/** What the node hands to the service in a worker. */
export interface WorkerContext<C extends WorkerContract> {
  readonly logger: Logger;
  /** Share of the links of the whole node that are taken, 0 to 1 in tenths. */
  readonly load: () => number;
  /** Which of the workers it is, from 1. */
  readonly worker: number;
  /** Asks the node. */
  readonly ask: Ask<C["nodeAnswers"]>;
}

/** The worker's own process, as far as it is needed here. Its messages come from our own program, so types suffice. */
export interface WorkerChannel<C extends WorkerContract> {
  /** Undefined where the process was not forked. */
  readonly send?: ((message: FromWorker<C>, onSent: (error: Error | null) => void) => boolean) | undefined;
  on(event: "message", listener: (message: ToWorker<C>, socket: Socket | undefined) => void): unknown;
  on(event: "disconnect", listener: () => void): unknown;
  on(event: "uncaughtException", listener: (error: unknown) => void): unknown;
  on(event: "SIGINT" | "SIGTERM" | "SIGHUP", listener: () => void): unknown;
}

/**
 * The worker's end: makes the service once the node says of what, feeds it, and ends with the node.
 *
 * A Ctrl-C reaches the whole process group, but a worker ends when its node says so or is gone. Its service is stopped first,
 * so that what it carries is reset. `exit` ends the process.
 */
export function serveWorker<C extends WorkerContract>(
  { channel, clock }: { readonly channel: WorkerChannel<C>; readonly clock: Clock },
  create: (options: C["options"], context: WorkerContext<C>) => Promise<WorkerService<C>>,
  exit: (code: number) => void,
): void {
  let service: WorkerService<C> | undefined;
  let uses: LinkUses | undefined;
  let load = 0;
  const send = (message: FromWorker<C>, onSent: () => void = () => {}): void => {
    if (channel.send === undefined) onSent();
    else channel.send(message, () => onSent());
  };
  const fail = (cause: unknown): void => {
    const { code, message } = toBywayError(cause);
    send({ kind: "failed", code, message }, () => exit(EX_SOFTWARE));
  };
  const logger = createWorkerLogger(send);
  const take = (link: number, socket: Socket | undefined): void => {
    const closed = (): void => send({ kind: "closed", link });
    if (service === undefined || uses === undefined || socket === undefined) {
      // It was closed on its way here.
      closed();
      return;
    }
    send({ kind: "taken", link });
    uses.add(link, socket);
    socket.once("close", () => {
      uses?.delete(link);
      closed();
    });
    service.accept(socket);
  };
  let usesTimer: Timer | undefined;
  const tellUses = (): void => {
    const links = uses?.changes() ?? [];
    if (links.length > 0) send({ kind: "uses", links });
    if (load >= CROWDED || uses?.isAwaited === true) {
      usesTimer ??= clock.every(WORKERS_LIMITS.usesMs.value, tellUses);
      return;
    }
    usesTimer?.cancel();
    usesTimer = undefined;
  };
  let told = "";
  const tellReport = (): void => {
    const report = service?.report;
    const text = JSON.stringify(report);
    if (text === told || report === undefined) return;
    told = text;
    send({ kind: "report", report });
  };
  const questions = new QuestionChannel<C["nodeAnswers"], C["workerAnswers"]>(
    (message) => {
      // What was done shows in the report.
      if (message.kind === "answer") tellReport();
      send(message);
    },
    () => service?.answers,
    fail,
  );
  const ask: Ask<C["nodeAnswers"]> = (name, asked) => questions.ask(name, asked);
  const hear = (message: ToWorker<C>, socket: Socket | undefined): void => {
    switch (message.kind) {
      case "start":
        void create(message.options, { logger, load: () => load, worker: message.worker, ask }).then((created) => {
          service = created;
          uses = new LinkUses(created);
          clock.every(WORKERS_LIMITS.reportMs.value, tellReport);
          tellReport();
          send({ kind: "ready" });
        }, fail);
        break;
      case "link":
        take(message.link, socket);
        break;
      case "load":
        load = message.load;
        if (load >= CROWDED && usesTimer === undefined) tellUses();
        break;
      case "yield":
        send({ kind: "yielded", link: message.link, given: uses?.giveWay(message.link) ?? true });
        usesTimer ??= clock.every(WORKERS_LIMITS.usesMs.value, tellUses);
        break;
      case "orders":
        service?.obey(message.orders);
        tellReport();
        break;
      case "ask":
      case "answer":
        questions.receive(message);
        break;
      case "stop":
        void (service?.stop() ?? Promise.resolve()).then(() => exit(0), fail);
    }
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) channel.on(signal, () => {});
  channel.on("uncaughtException", fail);
  channel.on("disconnect", () => {
    // What the system closes for a process that is over looks whole to the far side: it has to be reset before.
    const limit = clock.after(WORKERS_LIMITS.stopMs.value, () => exit(0));
    const end = (): void => {
      limit.cancel();
      exit(0);
    };
    (service?.stop() ?? Promise.resolve()).then(end, end);
  });
  channel.on("message", (message, socket) => {
    try {
      hear(message, socket);
    } catch (cause) {
      fail(cause);
    }
  });
}

/** sysexits(3): an internal error. */
const EX_SOFTWARE = 70;
