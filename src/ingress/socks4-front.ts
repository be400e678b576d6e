import type { Socket } from "node:net";
import { BywayError } from "../core/errors.ts";
import { withoutMapping } from "../core/mapped-ipv4.ts";
import type { HostPort } from "../core/network-address.ts";
import { decodeSocks4Request, encodeSocks4Reply, SOCKS4_REPLIES, SOCKS4_VERSION } from "../wire/socks4.ts";
import { AppSocketReader } from "./app-socket-reader.ts";
import { carry } from "./carry.ts";
import { readCredentials } from "./credentials.ts";
import type { Front, FrontComponents } from "./front.ts";
import { leaseSocket } from "./lease-socket.ts";
import { INGRESS_LIMITS } from "./limits.ts";
import { refuse } from "./refuse.ts";
import type { UserNameMeaning } from "./username-parameters.ts";

/** SOCKS4 and SOCKS4a; parameters come in the user id. With users configured it refuses, having no password. */
export class Socks4Front implements Front {
  readonly firstByte: number = SOCKS4_VERSION;
  readonly #components: FrontComponents;

  constructor(components: FrontComponents) {
    this.#components = components;
  }

  async serve(socket: Socket, first: Uint8Array): Promise<void> {
    const reader = new AppSocketReader(this.#components, socket, first);
    try {
      const { target, user, constraints } = await this.#read(socket, reader);
      using _lease = leaseSocket(this.#components.admit(user, socket), socket);
      const early = reader.takeEarly();
      const request = { target, user, constraints, early };
      const { stream } = await this.#components.opener.openStream(request, reader.gone);
      await carry(this.#components, socket, reader, encodeSocks4Reply(SOCKS4_REPLIES.granted), stream);
    } catch (error) {
      await refuse(this.#components, socket, reader, error, replyTo);
    }
  }

  async #read(socket: Socket, reader: AppSocketReader): Promise<UserNameMeaning & { readonly target: HostPort }> {
    const { clock, credentials, guesses, names, refusals } = this.#components;
    reader.limit(clock, INGRESS_LIMITS.headTimeoutMs.value, tooSlow);
    const { command, target, userId } = await reader.read(decodeSocks4Request);
    reader.endLimit();
    const sent =
      userId.length === 0 ? undefined : { ...readCredentials(userId, new Uint8Array(0)), mayBeMeantForOthers: true };
    const check = (): UserNameMeaning => credentials.check(sent);
    const isGuess = credentials.required && sent !== undefined;
    const meaning = await refusals.watch({ userName: sent?.userName, target: () => target }, () => {
      names.checkName(sent);
      return isGuess ? guesses.check(socket, reader.gone, check) : check();
    });
    if (command !== "connect") throw new BywayError("ERR_SOCKS_COMMAND", `SOCKS4 ${command} was asked for`);
    return { target: withoutMapping(target), ...meaning };
  }
}

function replyTo(error: BywayError): Uint8Array {
  const userId =
    error.code === "ERR_CREDENTIALS" || error.code === "ERR_USER_NAME" || error.code.startsWith("ERR_PARAMETER_");
  return encodeSocks4Reply(userId ? SOCKS4_REPLIES.userId : SOCKS4_REPLIES.refused);
}

function tooSlow(): BywayError {
  return new BywayError("ERR_REQUEST_TIMEOUT", "the SOCKS request took too long");
}
