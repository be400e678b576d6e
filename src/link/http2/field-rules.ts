/** What a header list belongs to. */
export type FieldsOf = "request" | "response" | "trailers";

/**
 * What is malformed in a header list, in words; undefined for one that RFC 9113 §8.2, §8.3, §8.5 and RFC 8441 allow. `fields`
 * are names and values by turns. A malformed message is a stream error, PROTOCOL_ERROR (§8.1.1).
 */
export type FieldFault = (fields: readonly string[], of: FieldsOf) => string | undefined;
