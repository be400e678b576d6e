import net from "node:net";
import type { HostPort } from "../../src/core/network-address.ts";
import { SOCKS5_METHODS, type Socks5Command } from "../../src/wire/socks5.ts";
import { decodeSocks5Address } from "../../src/wire/socks5-address.ts";
import { encodeSocks5Credentials, encodeSocks5Greeting, encodeSocks5Request } from "../../src/wire/socks5-client.ts";

const METHOD_BYTES = 2;
const STATUS_BYTES = 2;
const REPLY_HEAD_BYTES = 3;

/** A connection on which a SOCKS5 proxy has granted a request, half-open allowed and paused, and the address of its reply. */
export interface Granted {
  readonly socket: net.Socket;
  readonly bound: HostPort;
}

/** What a program sends to a SOCKS5 proxy before its own bytes, all at once (RFC 1928, 1929). */
export function socksOpening(userName: string, command: Socks5Command, target: HostPort): Uint8Array {
  return Buffer.concat([
    encodeSocks5Greeting([SOCKS5_METHODS.userPassword]),
    encodeSocks5Credentials({ user: userName, password: "x" }),
    encodeSocks5Request(command, target),
  ]);
}

/** Asks a SOCKS5 proxy for `command`; rejects with `SOCKS reply <n>` when it refuses, or when it hangs up. */
export function askSocks(
  proxy: HostPort,
  userName: string,
  command: Socks5Command,
  target: HostPort,
): Promise<Granted> {
  const socket = net.connect({ ...proxy, allowHalfOpen: true, noDelay: true });
  return new Promise((resolve, reject) => {
    let heard: Buffer = Buffer.alloc(0);
    const fail = (reason: string): void => {
      socket.destroy();
      reject(new Error(reason));
    };
    const hungUp = (): void => fail("the proxy hung up");
    const onData = (chunk: Buffer): void => {
      heard = Buffer.concat([heard, chunk]);
      const reply = heard.subarray(METHOD_BYTES + STATUS_BYTES);
      const code = reply[1];
      if (code !== undefined && code !== 0) {
        fail(`SOCKS reply ${code}`);
        return;
      }
      const bound = decodeSocks5Address(reply, REPLY_HEAD_BYTES);
      if (code === undefined || bound === undefined) return;
      socket.off("data", onData).off("close", hungUp).off("end", hungUp).pause();
      const rest = reply.subarray(REPLY_HEAD_BYTES + bound.length);
      if (rest.length > 0) socket.unshift(rest);
      resolve({ socket, bound: bound.value });
    };
    socket.on("error", () => {});
    socket.on("data", onData).on("close", hungUp).on("end", hungUp);
    socket.write(socksOpening(userName, command, target));
  });
}
