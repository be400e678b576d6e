import { test } from "node:test";
import type { FieldFault, FieldsOf } from "./field-rules.ts";
import type { FrameReader, FrameReaderOptions } from "./frame-reader.ts";
import type { HpackDecoder, HpackDecoderOptions } from "./hpack/decoder.ts";
import type { HpackEncoder } from "./hpack/encoder.ts";

/** What a session works with. */
interface Codec {
  readonly reader: FrameReader;
  readonly readerOptions: FrameReaderOptions;
  readonly decoder: HpackDecoder;
  readonly decoderOptions: HpackDecoderOptions;
  readonly encoder: HpackEncoder;
  readonly fault: FieldFault;
}

test("a session's codec is made of these parts", () => {
  const forRequests = (codec: Codec, fields: readonly string[], of: FieldsOf): string | undefined =>
    codec.fault(fields, of);
  void forRequests;
});
