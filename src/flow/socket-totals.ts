/** Bytes that crossed the line of this machine. */
export interface LineBytes {
  readonly received: number;
  readonly sent: number;
}

/** A socket that counts what it carries, as those of Node do. */
export interface CountedSocket {
  /** Bytes that were received, read or not. */
  readonly bytesRead: number;
  /** Bytes that were written, also those that still wait. */
  readonly bytesWritten: number;
  /** Bytes that still wait. */
  readonly writableLength?: number;
}

/**
 * What many sockets carried since the start, those that are closed included.
 *
 * Each socket counts by itself, so nothing runs for a chunk. Whoever asks pays for a look at each open one.
 */
export class SocketTotals {
  readonly #open = new Set<Partial<CountedSocket>>();
  #received = 0;
  #sent = 0;

  /** Counts a socket from its first byte. One that counts nothing, as in memory, carries nothing. */
  add(socket: Partial<CountedSocket>): void {
    this.#open.add(socket);
  }

  /** The socket is closed: keeps what it carried. Once. */
  close(socket: Partial<CountedSocket>): void {
    if (!this.#open.delete(socket)) return;
    this.#received += socket.bytesRead ?? 0;
    this.#sent += sentBy(socket);
  }

  /** What has been received and what has gone out. */
  get bytes(): LineBytes {
    let received = this.#received;
    let sent = this.#sent;
    for (const socket of this.#open) {
      received += socket.bytesRead ?? 0;
      sent += sentBy(socket);
    }
    return { received, sent };
  }
}

function sentBy({ bytesWritten = 0, writableLength = 0 }: Partial<CountedSocket>): number {
  return bytesWritten - writableLength;
}
