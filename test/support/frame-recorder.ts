import type { FrameSink } from "../../src/link/http2/frame-sink.ts";

/** A call of a FrameSink: its name and what it had. Bytes are text for DATA and debug data, else hex. */
export type FrameCall = readonly (string | number | boolean)[];

/** Keeps what a FrameReader says. Pieces of one DATA frame are joined. */
export class FrameRecorder implements FrameSink {
  readonly calls: FrameCall[] = [];
  #data = "";

  onDataHead(streamId: number, flowBytes: number, dataBytes: number): void {
    this.calls.push(["data head", streamId, flowBytes, dataBytes]);
    this.#data = "";
  }

  onData(_streamId: number, bytes: Uint8Array, start: number, end: number): void {
    if (start >= end || end > bytes.length) throw new Error(`DATA from ${start} to ${end} of ${bytes.length} bytes`);
    this.#data += Buffer.from(bytes.subarray(start, end)).toString("latin1");
  }

  onDataEnd(streamId: number, isLast: boolean): void {
    if (this.#data !== "") this.calls.push(["data", streamId, this.#data]);
    this.calls.push(["data end", streamId, isLast]);
  }

  onHeaders(streamId: number, bytes: Uint8Array, start: number, end: number, isLast: boolean): void {
    if (start > end || end > bytes.length) throw new Error(`a block from ${start} to ${end} of ${bytes.length} bytes`);
    this.calls.push(["headers", streamId, Buffer.from(bytes.subarray(start, end)).toString("hex"), isLast]);
  }

  onReset(streamId: number, code: number): void {
    this.calls.push(["reset", streamId, code]);
  }

  onSetting(id: number, value: number): void {
    this.calls.push(["setting", id, value]);
  }

  onSettingsEnd(): void {
    this.calls.push(["settings end"]);
  }

  onSettingsAck(): void {
    this.calls.push(["settings ack"]);
  }

  onPing(payload: Uint8Array, isAck: boolean): void {
    this.calls.push(["ping", Buffer.from(payload).toString("hex"), isAck]);
  }

  onGoaway(lastStreamId: number, code: number, debug: Uint8Array): void {
    this.calls.push(["goaway", lastStreamId, code, Buffer.from(debug).toString("latin1")]);
  }

  onWindowUpdate(streamId: number, increment: number): void {
    this.calls.push(["window", streamId, increment]);
  }

  onIgnored(type: number, payloadBytes: number): void {
    this.calls.push(["ignored", type, payloadBytes]);
  }

  onStreamError(streamId: number, code: number): void {
    this.calls.push(["stream error", streamId, code]);
  }
}
