import { ReceiveCredit, SendWindow } from "./flow-control.ts";
import { HTTP2_LIMITS } from "./limits.ts";
import type { Outbox } from "./outbox.ts";
import type { Batch, DataSource, Sender } from "./sender.ts";
import { maySend, nextState, type StreamEvent, type StreamState } from "./stream-state.ts";

// Read for each piece of each write.
const COPIED_BYTES = HTTP2_LIMITS.copiedBytes.value;

/** What the user of a stream hears of it. Nothing is called after `onReset` or `onLost`. */
export interface StreamOwner {
  /**
   * The head of an answer, names and values by turns; undefined for one that passes a bound. An interim one (1xx) may come
   * before it, any number of times.
   */
  onHead(fields: readonly string[] | undefined, isInterim: boolean): void;
  /** Some bytes of the body; the owner may keep them. `consumed` says when they wait no longer. */
  onData(bytes: Buffer): void;
  /** END_STREAM has come: what came before is all. */
  onEnd(): void;
  /** The stream is over without an end: the peer has reset it, or this end has since the peer broke a rule. */
  onReset(code: number): void;
  /** The session is over, and the stream with it. */
  onLost(reason: Error): void;
  /** Whether END_STREAM goes with the bytes that were written last. */
  endsWithThese(): boolean;
}

/** What a stream needs of its session. */
export interface StreamHost {
  readonly sender: Sender;
  /** The stream is closed now. */
  onClosed(stream: SessionStream): void;
}

/** One stream of a session: its state, its windows, and the DATA that waits to be sent. */
export class SessionStream implements DataSource {
  /** 0 while a request waits for its turn. */
  id = 0;
  readonly window: SendWindow;
  readonly credit: ReceiveCredit;
  owner: StreamOwner | undefined;
  /** Whether the head of the peer's message has come; DATA may follow. */
  hasHead = false;
  /** Whether the peer's last DATA frame was a tiny one. */
  isAfterTiny = false;
  /** Bytes of the body that `content-length` promises and that have not come; negative where nothing is promised. */
  promisedBytes = -1;
  /** Of the request. */
  readonly method: string;
  waiting = 0;
  batch: Batch | undefined;
  next: DataSource | undefined;
  isQueued = false;
  readonly #host: StreamHost;
  #state: StreamState = "idle";
  #isEndedByPeer = false;
  #chunk: Buffer | undefined;
  #offset = 0;
  /** Those behind `#chunk`, from `#nextChunk` on. */
  #chunks: readonly Buffer[] = [];
  #nextChunk = 0;
  #done: (() => void) | undefined;
  /** The end was asked for before there was a stream. */
  #endsOnStart = false;

  constructor(host: StreamHost, sendBytes: number, receiveBytes: number, method: string) {
    this.#host = host;
    this.window = new SendWindow(sendBytes);
    this.credit = new ReceiveCredit(receiveBytes);
    this.method = method;
  }

  /** Where the stream stands (RFC 9113 §5.1). */
  get state(): StreamState {
    return this.#state;
  }

  /** Whether the peer has ended or reset the stream, so that it may send nothing more on it. */
  get isEndedByPeer(): boolean {
    return this.#isEndedByPeer;
  }

  /** The stream has begun, with `id`. What was written before waits for `start`. */
  begin(id: number): void {
    this.id = id;
    this.#move("begin");
  }

  /** Sends what was written before the stream began. */
  start(): void {
    if (this.#endsOnStart && this.waiting === 0) this.end();
    else this.#host.sender.queue(this);
  }

  /** Sends an answer's head. */
  sendHead(fields: readonly string[], isLast: boolean): void {
    if (!maySend(this.#state)) return;
    this.#host.sender.fields(this.id, fields, isLast);
    if (isLast) this.#move("send end");
  }

  /**
   * Sends `chunks`, none of them empty; `done` is called when nothing reads them any more, sent or not. One write at a time:
   * the next may come within `done`.
   */
  write(chunks: readonly Buffer[], done: () => void): void {
    let bytes = 0;
    for (const { length } of chunks) bytes += length;
    if (bytes === 0 || (this.#state !== "idle" && !maySend(this.#state))) {
      done();
      return;
    }
    this.#done = done;
    this.#chunks = chunks;
    this.#chunk = chunks[0];
    this.#nextChunk = 1;
    this.#offset = 0;
    this.waiting = bytes;
    if (this.#state !== "idle") this.#host.sender.queue(this);
  }

  /** Sends END_STREAM, when nothing waits. */
  end(): void {
    if (this.#state === "idle") this.#endsOnStart = true;
    if (!maySend(this.#state)) return;
    this.#host.sender.end(this.id);
    this.#move("send end");
  }

  /** Ends the stream at once, both ways, with RST_STREAM. No END_STREAM goes before it. */
  reset(code: number): void {
    if (this.#state === "closed") return;
    if (this.#state !== "idle") this.#host.sender.reset(this.id, code);
    this.close();
  }

  /** Says that the owner holds `bytes` of DATA no longer. */
  consumed(bytes: number): void {
    const increment = this.credit.consume(bytes);
    if (increment === 0 || this.#isEndedByPeer || this.#state === "closed") return;
    this.#host.sender.windowUpdate(this.id, increment);
  }

  /** END_STREAM has come. */
  receiveEnd(): void {
    this.#isEndedByPeer = true;
    this.#move("receive end");
    this.owner?.onEnd();
  }

  /** RST_STREAM has come. */
  receiveReset(code: number): void {
    this.#isEndedByPeer = true;
    this.close();
    this.owner?.onReset(code);
  }

  /** Closes the stream without a frame. What waits is forgotten. */
  close(): void {
    const wasIdle = this.#state === "idle";
    if (wasIdle) this.#state = "closed";
    else this.#move("reset");
    if (wasIdle) this.#host.onClosed(this);
    if (this.#done === undefined) return;
    this.waiting = 0;
    this.#host.sender.drop(this);
  }

  moveTo(outbox: Outbox, bytes: number): void {
    this.waiting -= bytes;
    let left = bytes;
    while (left > 0 && this.#chunk !== undefined) {
      const chunk = this.#chunk;
      const start = this.#offset;
      const end = Math.min(chunk.length, start + left);
      left -= end - start;
      if (end - start <= COPIED_BYTES) outbox.copy(chunk, start, end);
      else outbox.attach(start === 0 && end === chunk.length ? chunk : chunk.subarray(start, end));
      this.#offset = end;
      if (end < chunk.length) return;
      this.#chunk = this.#chunks[this.#nextChunk];
      this.#nextChunk += 1;
      this.#offset = 0;
    }
  }

  endsHere(): boolean {
    return this.#endsOnStart || this.owner?.endsWithThese() === true;
  }

  ended(): void {
    if (maySend(this.#state)) this.#move("send end");
  }

  wrote(): void {
    const done = this.#done;
    if (done === undefined) return;
    this.#done = undefined;
    this.#chunk = undefined;
    this.#chunks = [];
    this.batch = undefined;
    done();
  }

  #move(event: StreamEvent): void {
    const next = nextState(this.#state, event);
    if (next === undefined) throw new Error(`a stream that is ${this.#state} cannot ${event}`);
    this.#state = next;
    if (next === "closed") this.#host.onClosed(this);
  }
}
