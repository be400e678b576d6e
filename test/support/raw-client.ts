import { once } from "node:events";
import net from "node:net";
import { systemCode } from "../../src/core/errors.ts";
import type { HostPort } from "../../src/core/network-address.ts";
import { inTime } from "./in-time.ts";

/** A TCP connection that says exactly what a test wants and remembers all that it hears, as latin1 text. */
export class RawClient implements Disposable {
  readonly socket: net.Socket;
  /** How the connection ended: `end` for FIN, a system code such as `ECONNRESET` otherwise; undefined while open. */
  ending: string | undefined;
  #heard = "";

  private constructor(socket: net.Socket) {
    this.socket = socket;
    socket.on("data", (chunk) => {
      this.#heard += chunk.toString("latin1");
      socket.emit("heard");
    });
    socket.on("end", () => this.#over("end"));
    socket.on("error", (error) => this.#over(systemCode(error)));
    socket.on("close", () => this.#over("close"));
  }

  static async connect(to: HostPort): Promise<RawClient> {
    const socket = net.connect({ ...to, allowHalfOpen: true, noDelay: true });
    await once(socket, "connect");
    return new RawClient(socket);
  }

  get heard(): string {
    return this.#heard;
  }

  send(data: string | Uint8Array): this {
    this.socket.write(typeof data === "string" ? Buffer.from(data, "latin1") : data);
    return this;
  }

  /** Waits until `pattern` was heard and returns all that was; fails when the connection ends before, or nothing more comes. */
  async hear(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.#heard)) {
      if (this.ending !== undefined) throw new Error(`ended (${this.ending}) after ${JSON.stringify(this.#heard)}`);
      await this.#more(String(pattern));
    }
    return this.#heard;
  }

  /** Waits until `length` bytes were heard and returns them as numbers. */
  async hearBytes(length: number): Promise<number[]> {
    await this.hear(new RegExp(`^[\\s\\S]{${length}}`));
    return [...Buffer.from(this.#heard.slice(0, length), "latin1")];
  }

  /** Forgets what was heard so far. */
  forget(): this {
    this.#heard = "";
    return this;
  }

  /** Waits for the end of the other side and says how it was. Fails after `ms` without a byte that is heard. */
  async over(ms?: number): Promise<string> {
    while (this.ending === undefined) await this.#more("the end", ms);
    return this.ending;
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }

  async #more(wanted: string, ms?: number): Promise<void> {
    await inTime(once(this.socket, "heard"), () => `${wanted}, after ${JSON.stringify(this.#heard.slice(-500))}`, ms);
  }

  #over(how: string): void {
    this.ending ??= how;
    this.socket.emit("heard");
  }
}
