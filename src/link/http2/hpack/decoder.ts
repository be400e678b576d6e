/** Bounds of one decoder. */
export interface HpackDecoderOptions {
  /** Bytes of the dynamic table (RFC 7541 §4.1), as we advertise them. Default 4,096. */
  readonly tableBytes?: number | undefined;
  /** The longest header list as RFC 9113 §6.5.2 counts it. Default `headerListBytes`. */
  readonly listBytes?: number | undefined;
  /** Most fields of a list. Default `headerPairs`. */
  readonly pairs?: number | undefined;
}

/** Decodes the header blocks of one direction of a connection, in their order: `new HpackDecoder(options)` (RFC 7541). */
export interface HpackDecoder {
  /**
   * Names and values by turns, as they came: bytes as latin1, nothing checked (that is `fieldFault`). Undefined where the list
   * passes a bound: the table is right all the same, so only the stream need be refused.
   * Throws Http2Error COMPRESSION_ERROR (scope connection) for what breaks RFC 7541; the decoder is of no use afterwards.
   */
  decode(bytes: Uint8Array, start: number, end: number): string[] | undefined;
  /** Size of the last list as RFC 9113 §6.5.2 counts it, beyond the bound too. */
  readonly listBytes: number;
}
