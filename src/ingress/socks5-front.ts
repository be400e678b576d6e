import type { Socket } from "node:net";
import { abortReason } from "../core/abort.ts";
import { errorRow } from "../core/error-table.ts";
import { BywayError } from "../core/errors.ts";
import { unmapped, withoutMapping } from "../core/mapped-ipv4.ts";
import { abortStream } from "../flow/abort-stream.ts";
import { Semaphore } from "../rate/semaphore.ts";
import {
  decodeSocks5Credentials,
  decodeSocks5Greeting,
  decodeSocks5Request,
  encodeSocks5AuthStatus,
  encodeSocks5Method,
  encodeSocks5Reply,
  SOCKS5_METHODS,
  SOCKS5_VERSION,
  type Socks5Request,
} from "../wire/socks5.ts";
import { AppSocketReader } from "./app-socket-reader.ts";
import { carry } from "./carry.ts";
import { readCredentials } from "./credentials.ts";
import type { Front, FrontComponents } from "./front.ts";
import { leaseSocket } from "./lease-socket.ts";
import { INGRESS_LIMITS } from "./limits.ts";
import { refuse } from "./refuse.ts";
import { UdpAssociation } from "./udp-association.ts";
import type { UserNameMeaning } from "./username-parameters.ts";

/** How far a handshake has come, which decides what a refusal looks like. */
type Stage = "greeting" | "credentials" | "request";

/**
 * SOCKS5 (RFC 1928, 1929): CONNECT and UDP ASSOCIATE, without credentials or with user name and password.
 *
 *     greeting ─► [credentials ─►] request ─► stream | association
 */
export class Socks5Front implements Front {
  readonly firstByte: number = SOCKS5_VERSION;
  readonly #components: FrontComponents;
  /** Shared fairly between users: at the bound, the oldest one of the user with most of them ends for another user's. */
  readonly #associations = new Semaphore({
    most: INGRESS_LIMITS.maxAssociations.value,
    mostPerKey: INGRESS_LIMITS.maxAssociations.value,
  });

  constructor(components: FrontComponents) {
    this.#components = components;
  }

  async serve(socket: Socket, first: Uint8Array): Promise<void> {
    const reader = new AppSocketReader(this.#components, socket, first);
    let stage: Stage = "greeting";
    try {
      const { admit, clock, opener } = this.#components;
      reader.limit(clock, INGRESS_LIMITS.headTimeoutMs.value, tooSlow);
      const withPassword = await this.#agreeOnMethod(socket, reader);
      stage = withPassword ? "credentials" : "request";
      const meaning = await this.#authenticate(socket, reader, withPassword);
      stage = "request";
      const { command, target } = await reader.read(decodeSocks5Request);
      reader.endLimit();
      if (command === "bind") throw new BywayError("ERR_SOCKS_COMMAND", "SOCKS5 BIND was asked for");
      if (command === "udp-associate") return await this.#associate(socket, reader, target, meaning);
      const { user, constraints } = meaning;
      using _lease = leaseSocket(admit(user, socket), socket);
      const early = reader.takeEarly();
      const asked = { target: withoutMapping(target), user, constraints };
      const request = { ...asked, early };
      const { stream } = await opener.openStream(request, reader.gone);
      await carry(this.#components, socket, reader, encodeSocks5Reply(0), stream);
    } catch (error) {
      await refuse(this.#components, socket, reader, error, (why) => refusal(stage, why));
    }
  }

  /**
   * Whether a user name and password follow. They are preferred: programs that have a name offer both ways (curl, PySocks,
   * python-socks, Go, proxychains), and it carries parameters. Java offers both always, and sends the name of the system's user.
   */
  async #agreeOnMethod(socket: Socket, reader: AppSocketReader): Promise<boolean> {
    const methods = await reader.read(decodeSocks5Greeting);
    const withPassword = methods.includes(SOCKS5_METHODS.userPassword);
    const { credentials, names, refusals } = this.#components;
    if (!withPassword && !credentials.required)
      await refusals.watch({ userName: undefined, target: () => undefined }, () => names.checkName(undefined));
    if (!withPassword && (credentials.required || !methods.includes(SOCKS5_METHODS.none)))
      throw new BywayError("ERR_CREDENTIALS", "the app offers no way to authenticate that this proxy takes");
    socket.write(encodeSocks5Method(withPassword ? SOCKS5_METHODS.userPassword : SOCKS5_METHODS.none));
    return withPassword;
  }

  async #authenticate(socket: Socket, reader: AppSocketReader, withPassword: boolean): Promise<UserNameMeaning> {
    const { credentials, guesses, names, refusals } = this.#components;
    if (!withPassword) return credentials.check(undefined);
    const { user, password } = await reader.read(decodeSocks5Credentials);
    const sent = { ...readCredentials(user, password), mayBeMeantForOthers: true };
    const check = (): UserNameMeaning => credentials.check(sent);
    const meaning = await refusals.watch({ userName: sent.userName, target: () => undefined }, () => {
      names.checkName(sent);
      return credentials.required ? guesses.check(socket, reader.gone, check) : check();
    });
    socket.write(encodeSocks5AuthStatus(true));
    return meaning;
  }

  /** Serves datagrams until the TCP connection ends (RFC 1928 §6). */
  async #associate(
    socket: Socket,
    reader: AppSocketReader,
    announced: Socks5Request["target"],
    meaning: UserNameMeaning,
  ): Promise<void> {
    const { admit, credentials } = this.#components;
    using lease = admit(meaning.user, socket);
    const release = this.#associations.tryAcquire(
      credentials.required ? meaning.user : "",
      () => void association.stop(),
    );
    if (release === undefined)
      throw new BywayError("ERR_LOCAL_LIMIT", `${this.#associations.taken} UDP associations are open already`);
    const own = unmapped(socket.localAddress ?? "");
    const client = unmapped(socket.remoteAddress ?? "");
    const association = new UdpAssociation(this.#components, {
      address: own,
      clientAddress: client,
      // An app behind an address translation announces what it cannot know.
      clientPort: announced.host === client && announced.port !== 0 ? announced.port : undefined,
      user: meaning.user,
      constraints: meaning.constraints,
    });
    lease.watch(
      () => association.carriedBytes,
      () => void association.stop(),
    );
    try {
      const bound = await association.start();
      if (reader.gone.aborted) throw abortReason(reader.gone);
      reader.release();
      socket.write(encodeSocks5Reply(0, bound));
      await ended(socket, association.closed);
    } finally {
      release();
      await association.stop();
    }
  }
}

/** Resolves when the app has ended the connection; ends it when `over` resolves. */
function ended(socket: Socket, over: Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    socket.once("close", () => resolve());
    socket.on("error", () => {});
    socket.on("data", () => {});
    socket.once("end", () => socket.end());
    void over.then(() => abortStream(socket));
    if (socket.readableEnded) socket.end();
    if (socket.closed) resolve();
    socket.resume();
  });
}

function refusal(stage: Stage, error: BywayError): Uint8Array {
  if (stage === "greeting") return encodeSocks5Method(SOCKS5_METHODS.noneAcceptable);
  if (stage === "credentials") return encodeSocks5AuthStatus(false);
  return encodeSocks5Reply(errorRow(error.code).socks);
}

function tooSlow(): BywayError {
  return new BywayError("ERR_REQUEST_TIMEOUT", "the SOCKS handshake took too long");
}
