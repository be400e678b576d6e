import { LINK_LIMITS } from "../limits.ts";
import { ERROR_CODE } from "./error-code.ts";
import { ReceiveCredit } from "./flow-control.ts";
import { SETTING } from "./frame-format.ts";
import type { FrameSink } from "./frame-sink.ts";
import { Http2Error } from "./http2-error.ts";
import { IncomingMessages } from "./incoming-messages.ts";
import { fieldOf } from "./message-fields.ts";
import { failStream, type SessionParts } from "./session-parts.ts";
import type { SessionStream } from "./session-stream.ts";
import { receiveFault, type StreamFrame } from "./stream-state.ts";

// Read for each frame.
const TINY = LINK_LIMITS.tinyFrameBytes.value;

/** Takes in the frames of a peer: says what each does to streams, windows and settings, and answers those that ask for it. */
export class IncomingFrames implements FrameSink {
  readonly #parts: SessionParts;
  readonly #messages: IncomingMessages;
  /** For the whole connection. A byte that arrives is given back at once: a stream that is not read holds no other up. */
  readonly #credit: ReceiveCredit;
  /** Of the SETTINGS that are being read. One frame can have many, of which the last counts. */
  #initialWindowBytes: number | undefined;
  /** Of the DATA frame that is being read; undefined where its bytes are dropped. */
  #stream: SessionStream | undefined;
  #dataBytes = 0;

  constructor(parts: SessionParts, connectionWindowBytes: number) {
    this.#parts = parts;
    this.#messages = new IncomingMessages(parts);
    this.#credit = new ReceiveCredit(connectionWindowBytes);
  }

  onDataHead(streamId: number, flowBytes: number, dataBytes: number): void {
    const { sender, isServer } = this.#parts;
    if (!this.#credit.arrive(flowBytes)) throw overrun("the connection");
    const increment = this.#credit.consume(flowBytes);
    if (increment > 0) sender.windowUpdate(0, increment);
    this.#dataBytes = dataBytes;
    const stream = this.#find(streamId, "DATA", dataBytes < TINY);
    this.#stream = stream;
    if (stream === undefined) return;
    if (!stream.credit.arrive(flowBytes)) throw overrun(`stream ${streamId}`);
    if (flowBytes > dataBytes) stream.consumed(flowBytes - dataBytes);
    if (!isServer && !stream.hasHead) this.#fail(stream, ERROR_CODE.protocolError);
    else if (this.#messages.body(stream, dataBytes)) this.#judge(stream, dataBytes);
  }

  onData(_streamId: number, bytes: Uint8Array, start: number, end: number): void {
    const stream = this.#stream;
    if (stream === undefined || stream.state === "closed") return;
    // `receive` takes Buffers alone, and the reader hands on what it was given.
    const chunk = bytes as Buffer;
    stream.owner?.onData(start === 0 && end === chunk.length ? chunk : chunk.subarray(start, end));
  }

  onDataEnd(_streamId: number, isLast: boolean): void {
    const stream = this.#stream;
    this.#stream = undefined;
    if (!isLast && this.#dataBytes === 0) this.#parts.watch.sentUseless();
    if (isLast && stream !== undefined) this.#messages.end(stream);
  }

  onHeaders(streamId: number, bytes: Uint8Array, start: number, end: number, isLast: boolean): void {
    const { streams, decoder, watch } = this.#parts;
    const fields = decoder.decode(bytes, start, end);
    if (fields === undefined) watch.sentLongList();
    if (streams.isOfPeer(streamId) && streams.isIdle(streamId)) {
      this.#messages.begin(streamId, fields, isLast);
      return;
    }
    if (streams.get(streamId) === undefined) this.#refuseOldId(streamId, fields);
    const stream = this.#find(streamId, "HEADERS", true);
    if (stream !== undefined) this.#messages.goOn(stream, fields, isLast);
  }

  onReset(streamId: number, code: number): void {
    const stream = this.#find(streamId, "RST_STREAM", true);
    if (stream === undefined) return;
    stream.receiveReset(code);
    this.#parts.watch.wasReset();
  }

  onSetting(id: number, value: number): void {
    const { peer, sender } = this.#parts;
    if (id === SETTING.maxConcurrentStreams) peer.maxConcurrentStreams = value;
    else if (id === SETTING.enableConnectProtocol) peer.enableConnectProtocol = value === 1;
    else if (id === SETTING.maxFrameBytes) sender.maxFrameBytes = value;
    else if (id === SETTING.initialWindowBytes) this.#initialWindowBytes = value;
  }

  onSettingsEnd(): void {
    const { sender, watch, onSettings } = this.#parts;
    this.#shiftWindows();
    sender.settingsAck();
    watch.changedSettings();
    onSettings();
  }

  onSettingsAck(): void {
    const { own, streams } = this.#parts;
    const before = own.initialWindowBytes;
    if (!own.acknowledge()) throw new Http2Error(ERROR_CODE.protocolError, "an acknowledgement came for no SETTINGS");
    const after = own.initialWindowBytes;
    if (after !== before) for (const stream of streams.all) stream.credit.resize(after);
  }

  onPing(payload: Uint8Array, isAck: boolean): void {
    const { sender, watch, onPong } = this.#parts;
    if (!isAck) {
      sender.ping(payload, true);
      watch.pinged();
    } else if (!onPong(payload)) watch.sentUseless();
  }

  onGoaway(lastStreamId: number, code: number): void {
    this.#parts.watch.sentUseless();
    this.#parts.onGoaway(lastStreamId, code);
  }

  onWindowUpdate(streamId: number, increment: number): void {
    const { sender, watch } = this.#parts;
    if (increment < TINY) watch.sentUseless();
    if (streamId === 0) {
      if (!sender.window.shift(increment)) throw tooWide("WINDOW_UPDATE");
      sender.schedule();
      return;
    }
    const stream = this.#find(streamId, "WINDOW_UPDATE", increment >= TINY);
    if (stream === undefined) return;
    if (stream.window.shift(increment)) sender.queue(stream);
    else this.#fail(stream, ERROR_CODE.flowControlError);
  }

  onIgnored(): void {
    this.#parts.watch.sentUseless();
  }

  onStreamError(streamId: number, code: number, message: string): void {
    const { streams, watch } = this.#parts;
    const stream = streams.get(streamId);
    if (stream !== undefined) this.#fail(stream, code);
    else if (streams.isIdle(streamId)) throw new Http2Error(ERROR_CODE.protocolError, message);
    else watch.sentUseless();
  }

  /**
   * The stream that a frame is for; undefined where it is closed and the frame is dropped. Throws where a state forbids the
   * frame (§5.1). A dropped frame that `isUseless` counts as such: much DATA may be under way when a stream is reset.
   */
  #find(id: number, frame: StreamFrame, isUseless: boolean): SessionStream | undefined {
    const { streams, watch } = this.#parts;
    const stream = streams.get(id);
    const state = stream?.state ?? (streams.isIdle(id) ? "idle" : "closed");
    const fault = receiveFault(state, frame, stream === undefined && streams.isEndedByPeer(id));
    if (fault === undefined) {
      if (stream === undefined && isUseless) watch.sentUseless();
      return stream;
    }
    if (fault.scope === "connection" || stream === undefined) {
      throw new Http2Error(fault.code, `${frame} came on a stream that is ${state}`);
    }
    this.#fail(stream, fault.code);
    return undefined;
  }

  /** Ids only rise (§5.1.1). Trailers may come late on a closed stream, but no request. */
  #refuseOldId(id: number, fields: readonly string[] | undefined): void {
    const { streams } = this.#parts;
    if (!streams.isOfPeer(id) || streams.isEndedByPeer(id)) return;
    if (fieldOf(fields ?? [], ":method") === undefined) return;
    throw new Http2Error(ERROR_CODE.protocolError, `a request came on stream ${id}, which is below others`);
  }

  /** SETTINGS_INITIAL_WINDOW_SIZE moves the windows of all streams, below zero too (§6.9.2). */
  #shiftWindows(): void {
    const { peer, streams, sender } = this.#parts;
    const change = (this.#initialWindowBytes ?? peer.initialWindowBytes) - peer.initialWindowBytes;
    this.#initialWindowBytes = undefined;
    if (change === 0) return;
    peer.initialWindowBytes += change;
    for (const stream of streams.all) {
      if (!stream.window.shift(change)) throw tooWide("SETTINGS");
      sender.queue(stream);
    }
  }

  /** A large frame pays for a tiny one behind it; tiny ones that follow one another cost more than their bytes. */
  #judge(stream: SessionStream, dataBytes: number): void {
    const isTiny = dataBytes < TINY;
    if (isTiny && dataBytes > 0 && stream.isAfterTiny) this.#parts.watch.sentTiny();
    stream.isAfterTiny = isTiny;
  }

  #fail(stream: SessionStream, code: number): void {
    failStream(this.#parts, stream, code);
  }
}

function overrun(what: string): Http2Error {
  return new Http2Error(ERROR_CODE.flowControlError, `more DATA came than the window of ${what} allows`);
}

function tooWide(frame: string): Http2Error {
  return new Http2Error(ERROR_CODE.flowControlError, `${frame} makes a window wider than 2^31-1`);
}
