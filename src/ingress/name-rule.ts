import type { Socket } from "node:net";
import type { Clock } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import { fieldsOf } from "../http1/fields.ts";
import { addressCrowd } from "../link/address-crowd.ts";
import { AskedPrograms } from "./asked-programs.ts";
import type { SentCredentials } from "./credentials.ts";
import { INGRESS_LIMITS } from "./limits.ts";
import { type RequestShape, saysNothingOfItself, waitingProgram } from "./waiting-programs.ts";

/**
 * Whether a listener without users asks for a user name, which carries a request's wishes: `never`; `waiting`, of programs
 * that hold a name back until they are asked; `always`, and then nothing passes without one.
 */
export type AskName = "never" | "waiting" | "always";

/** Of a host as it came: more is no name, and would only be kept. */
const HOST_CHARS = 255;

/** Decides which requests without a user name are refused. Where a listener has users it has nothing to do: they are asked anyway. */
export class NameRule {
  readonly #ask: AskName;
  readonly #asked: AskedPrograms;
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** By program, when the log last said that it has no name; the program that nobody knows is "". */
  readonly #reportedMs = new Map<string, number>();

  constructor(components: { readonly clock: Clock; readonly logger: Logger }, options: { readonly ask: AskName }) {
    this.#ask = options.ask;
    this.#asked = new AskedPrograms(components);
    this.#clock = components.clock;
    this.#logger = components.logger;
  }

  /** Whether nothing passes without a name. */
  get insists(): boolean {
    return this.#ask === "always";
  }

  /** Looks at an HTTP request and the credentials that it bears. Throws ERR_USER_NAME where it has to come again with a name. */
  checkHttp(request: RequestShape, sent: SentCredentials | undefined, socket: Pick<Socket, "remoteAddress">): void {
    if (this.#ask === "never") return;
    // One that sends the header says what it wants, and knows where it is. An empty one says nothing, as if it were not there.
    const selects = [...fieldsOf(request.rawHeaders)].some(
      ([name, , value]) => name === "byway-select" && value.trim() !== "",
    );
    if (this.insists) {
      if (!selects) this.checkName(sent);
      return;
    }
    const program = waitingProgram(request);
    if (program === undefined) {
      if (sent === undefined && !selects && saysNothingOfItself(request)) this.#tellUnknown();
      return;
    }
    const asker = { address: addressCrowd(socket.remoteAddress ?? ""), program, host: hostOf(request.url ?? "") };
    if (sent !== undefined) this.#asked.noteName(asker);
    else if (!selects) {
      const asks = this.#asked.asks(asker);
      if (this.#asked.isNameless(asker)) this.#tellNameless(program);
      if (asks) throw nameless(program);
    }
  }

  /** Most programs show no reason for a 407. */
  #tellNameless(program: string): void {
    if (!this.#mayTell(program)) return;
    const { remedy } = nameless(program);
    this.#logger.info("a program has no user name: it is refused twice for each host, then let through", {
      program,
      remedy,
    });
  }

  /** Such a request passes, so nothing else shows that a name was lost. */
  #tellUnknown(): void {
    if (!this.#mayTell("")) return;
    this.#logger.info(
      "a CONNECT had no user name, from a program that does not say what it is: it passed without wishes",
      {
        remedy:
          'if you gave the program a name, it waits for a 407: use SOCKS, or a listener with ask-name = "always" (ncat, connect-proxy, Java HttpClient, svn)',
      },
    );
  }

  /** Whether the log may speak of a program, which it does once a minute; `program` is one of a few words, so `#reportedMs` stays small. */
  #mayTell(program: string): boolean {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - (this.#reportedMs.get(program) ?? Number.NEGATIVE_INFINITY) < INGRESS_LIMITS.mistakeReportMs.value)
      return false;
    this.#reportedMs.set(program, nowMs);
    return true;
  }

  /** Throws ERR_USER_NAME where the listener insists on a name and none was sent. */
  checkName(sent: SentCredentials | undefined): void {
    if (this.insists && (sent === undefined || sent.userName === "")) throw nameless("this program");
  }
}

function nameless(program: string): BywayError {
  return new BywayError(
    "ERR_USER_NAME",
    `send a user name such as country-de with any password; ${program} sent none`,
    {
      data: { program },
    },
  );
}

/** The host of a request line, in absolute form or as an authority, for telling targets apart: it need not be valid. */
function hostOf(url: string): string {
  const authority = /^(?:[a-z]+:\/\/)?([^/?#]*)/i.exec(url)?.[1] ?? "";
  return authority.replace(/:\d+$/, "").toLowerCase().slice(0, HOST_CHARS);
}
