import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Wire } from "./wire.ts";

/** What a socket tells its session. */
export interface SocketUser {
  receive(bytes: Buffer): void;
  written(): void;
  wireClosed(error?: Error): void;
}

/**
 * A socket, or a stream on another link, as the wire of a session. Owns it. `attach` lets it read.
 *
 * All pieces of a write go out in one gathered write, and only the last has a callback: writes of a stream are over in their
 * order.
 */
export class SocketWire implements Wire {
  readonly #socket: Duplex;
  #user: SocketUser | undefined;
  #error: Error | undefined;

  constructor(socket: Duplex) {
    this.#socket = socket;
  }

  /** From now on `user` hears what comes. */
  attach(user: SocketUser): void {
    this.#user = user;
    const socket = this.#socket;
    // Writes are gathered already, and a WINDOW_UPDATE must not wait for company.
    (socket as Partial<Socket>).setNoDelay?.();
    socket.on("error", (error: Error) => {
      this.#error ??= error;
    });
    // A connection of which one side has ended is of no use: streams have ends of their own.
    socket.on("end", () => socket.destroy());
    socket.on("close", () => user.wireClosed(this.#error));
    if (socket.destroyed) process.nextTick(() => user.wireClosed(this.#error));
    else socket.on("data", (bytes: Buffer) => user.receive(bytes));
  }

  write(pieces: readonly Buffer[]): void {
    const socket = this.#socket;
    const last = pieces.length - 1;
    if (last > 0) socket.cork();
    for (let at = 0; at < last; at += 1) socket.write(pieces[at]);
    socket.write(pieces[last], this.#onWritten);
    if (last > 0) socket.uncork();
  }

  setReading(isReading: boolean): void {
    if (isReading) this.#socket.resume();
    else this.#socket.pause();
  }

  end(): void {
    this.#socket.end();
    this.#socket.resume();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  readonly #onWritten = (error?: Error | null): void => {
    // After an error the memory may still be read; `wireClosed` follows and says that it is not.
    if (error === undefined || error === null) this.#user?.written();
  };
}
