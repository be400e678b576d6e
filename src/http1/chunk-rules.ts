import { BywayError } from "../core/errors.ts";
import type { ChunkRules } from "./chunked-decoder.ts";
import { valuesOf } from "./fields.ts";
import { parseLenientFields, protocolError } from "./lenient-fields.ts";
import { HTTP1_LIMITS } from "./limits.ts";
import { malformed, parseStrictFields } from "./strict-fields.ts";

/** How chunks of requests are read: what two readers could take for two different bodies is refused. */
export function requestChunkRules(maxTrailerBytes: number, maxTrailers: number): ChunkRules {
  return {
    lenient: false,
    maxTrailerBytes,
    maxTrailers,
    parseTrailers: (lines) => {
      const trailers = parseStrictFields(lines, 0);
      for (const name of ["content-length", "transfer-encoding"]) {
        if (valuesOf(trailers, name).length > 0) throw malformed(`${name} comes behind the body`);
      }
      return trailers;
    },
    malformed,
    tooLarge: (what) => new BywayError("ERR_REQUEST_TOO_LARGE", `in the body of the request ${what}`),
  };
}

/** How chunks of answers are read. */
export const ANSWER_CHUNK_RULES: ChunkRules = {
  lenient: true,
  maxTrailerBytes: HTTP1_LIMITS.maxAnswerHeadBytes.value,
  maxTrailers: HTTP1_LIMITS.maxAnswerLines.value,
  parseTrailers: (lines) => {
    try {
      return parseLenientFields(lines, 0).headers;
    } catch {
      // The content is whole, and no end hangs on fields behind it.
      return [];
    }
  },
  malformed: (what) => protocolError(`the body of the target's answer is not HTTP: ${what}`),
  tooLarge: (what) => protocolError(`in the body of the target's answer ${what}`),
};
