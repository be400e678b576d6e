import type { HpackDecoder } from "./hpack/decoder.ts";
import type { OwnSettings } from "./own-settings.ts";
import type { PeerSettings } from "./peer-settings.ts";
import type { Sender } from "./sender.ts";
import type { SessionStream } from "./session-stream.ts";
import type { SessionWatch } from "./session-watch.ts";
import type { StreamTable } from "./stream-table.ts";

/** What incoming frames change and ask of their session. */
export interface SessionParts {
  readonly isServer: boolean;
  readonly streams: StreamTable;
  readonly sender: Sender;
  readonly decoder: HpackDecoder;
  readonly own: OwnSettings;
  readonly peer: PeerSettings;
  readonly watch: SessionWatch;
  /** Whether a request with `id` is no longer looked at, as GOAWAY has said. */
  readonly isRefused: (id: number) => boolean;
  /** A stream for a request of the peer. */
  readonly makeStream: (method: string) => SessionStream;
  readonly onRequest: (stream: SessionStream, fields: readonly string[] | undefined, listBytes: number) => void;
  readonly onSettings: () => void;
  /** False for an answer to no PING. */
  readonly onPong: (payload: Uint8Array) => boolean;
  readonly onGoaway: (lastStreamId: number, code: number) => void;
}

/** The peer broke a rule that ends one stream (RFC 9113 §5.4.2). */
export function failStream({ watch }: Pick<SessionParts, "watch">, stream: SessionStream, code: number): void {
  if (stream.state === "closed") return;
  stream.reset(code);
  stream.owner?.onReset(code);
  watch.wasReset();
}
