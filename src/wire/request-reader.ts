import { BegunLine } from "./begun-line.ts";
import { type RequestBody, requestBody } from "./request-body.ts";
import { readRequestField } from "./request-field.ts";
import { hostOfAuthority, isBlankLine, type RequestLine, readRequestLine } from "./request-line.ts";

/** What a look at the bytes of a stream said of the request that they may begin. */
export interface RequestRead {
  /**
   * none: no server takes them for a request. open: undecided, and nothing yet says HTTP. header: a request of HTTP of which
   * the header is not over. end: the header is over.
   */
  readonly found: "none" | "open" | "header" | "end";
  /** The first line in latin1, in the one look that finds its end. */
  readonly line?: string;
  /** The hosts that lines which ended since the last look name, as they stand there, without user and port. */
  readonly hosts: readonly string[];
  /** Why servers could read the request in several ways: what it says besides is not known. */
  readonly unclear?: string;
  /** At the end: the length of the header, and what follows it. */
  readonly end?: { readonly bytes: number; readonly body: RequestBody };
}

const CR = 0x0d;
const LF = 0x0a;
const BARE_CR = /\r(?!\n|$)/;

interface Line {
  readonly text: string;
  /** It ended with a CR alone, which some servers take for an end. */
  readonly isBare: boolean;
}

/**
 * Reads one request of a plain HTTP/1 stream (RFC 9112) as generously as the most generous of common servers, and says where
 * servers could differ. Made for bytes that come in pieces: what was read is not read again, and each line is told as soon
 * as it has ended, so that no server can act on one that was not told.
 *
 *     empty lines ─► first line ─► fields ─► empty line
 *                      │             │
 *                      └─► none      └─► none: a line that is no field, where nothing says HTTP
 */
export class RequestReader {
  readonly #anyMethod: boolean;
  #at = 0;
  #searched = 0;
  #line: RequestLine | undefined;
  #begun: BegunLine | undefined;
  #isHostBefore = false;
  #isNone = false;
  readonly #contentLength: string[] = [];
  readonly #transferEncoding: string[] = [];

  /** With `anyMethod` a first line is waited for whatever its first word is (`readRequestLine`). */
  constructor({ anyMethod = false }: { readonly anyMethod?: boolean } = {}) {
    this.#anyMethod = anyMethod;
  }

  /** `seen` is all that has come of the stream since the request began. Once it said "none" it stays so. Throws nothing. */
  read(seen: Buffer): RequestRead {
    const answer = this.#isNone ? { found: "none" as const, hosts: [] } : this.#read(seen);
    this.#isNone = answer.found === "none";
    return answer;
  }

  #read(seen: Buffer): RequestRead {
    const hosts: string[] = [];
    let firstLine: string | undefined;
    const answer = (rest: Omit<RequestRead, "hosts" | "line">): RequestRead => ({
      ...rest,
      hosts,
      ...(firstLine === undefined ? {} : { line: firstLine }),
    });
    while (this.#line === undefined) {
      const line = this.#next(seen, false);
      if (line === undefined) return answer(this.#readBegun(seen, hosts));
      this.#begun = undefined;
      if (isBlankLine(line.text)) continue;
      this.#line = readRequestLine(line.text, this.#anyMethod);
      if (this.#line === undefined) return answer({ found: "none" });
      firstLine = line.text;
      const unclear = this.#readLine(this.#line, hosts) ?? this.#readToBareCr(line.text, hosts);
      if (unclear !== undefined) return answer({ found: "header", unclear });
    }
    for (;;) {
      const line = this.#next(seen, true);
      if (line === undefined) return answer({ found: this.#line.isHttp ? "header" : "open" });
      if (line.text === "" && !line.isBare) break;
      const unclear = this.#readField(line, hosts);
      if (unclear === "none") return answer({ found: "none" });
      if (unclear !== undefined) return answer({ found: "header", unclear });
    }
    const body = requestBody({
      minor: this.#line.minor,
      contentLength: this.#contentLength,
      transferEncoding: this.#transferEncoding,
    });
    if (body === undefined || (this.#line.isConnect && !body.isOver)) {
      return answer({ found: "end", unclear: "length of body" });
    }
    return answer({ found: "end", end: { bytes: this.#at, body } });
  }

  #readLine({ isHttp, authority, isPlain }: RequestLine, hosts: string[]): string | undefined {
    if (authority !== undefined) {
      const host = hostOfAuthority(authority);
      if (host === undefined) return "host";
      if (host !== "") hosts.push(host);
    }
    return isHttp && !isPlain ? "request line" : undefined;
  }

  /** A first line that has not ended, or that has for a server to which a CR alone is an end. */
  #readBegun(seen: Buffer, hosts: string[]): Omit<RequestRead, "hosts" | "line"> {
    this.#begun ??= new BegunLine(this.#at);
    if (!this.#anyMethod && !this.#begun.mayBecomeRequest(seen)) return { found: "none" };
    const cr = this.#begun.newBareCr(seen);
    const unclear = cr === undefined ? undefined : this.#readBareLine(seen.toString("latin1", this.#at, cr), hosts);
    return unclear === undefined ? { found: "open" } : { found: "header", unclear };
  }

  #readToBareCr(text: string, hosts: string[]): string | undefined {
    const cr = text.search(BARE_CR);
    return cr < 0 ? undefined : this.#readBareLine(text.slice(0, cr), hosts);
  }

  #readBareLine(text: string, hosts: string[]): string | undefined {
    const line = readRequestLine(text, this.#anyMethod);
    return line === undefined ? undefined : this.#readLine({ ...line, isPlain: false }, hosts);
  }

  /** What is unclear, "none" for a line that ends the request as none. */
  #readField({ text, isBare }: Line, hosts: string[]): string | undefined {
    const isHttp = this.#line?.isHttp ?? false;
    const field = readRequestField(text);
    const isAfterHost = this.#isHostBefore;
    this.#isHostBefore = field.kind === "unclear" ? field.mayBeHost : field.kind === "plain" && field.name === "host";
    if (isHttp && (isBare || field.kind !== "plain")) return "header line";
    if (field.kind === "other") return this.#line?.isVersioned === true ? "header line" : "none";
    if (field.kind === "unclear") return field.mayBeHost || isAfterHost ? "header line" : undefined;
    if (field.name === "content-length") this.#contentLength.push(field.value);
    else if (field.name === "transfer-encoding") this.#transferEncoding.push(field.value);
    else if (field.name === "host") {
      const host = hostOfAuthority(field.value);
      // No server looks for a user there.
      if (host === undefined || field.value.includes("@")) return "host";
      if (host !== "") hosts.push(host);
    }
    return undefined;
  }

  /** The line at `#at`, once its end is there: a LF, or, `byCr`, a CR that stands alone. */
  #next(seen: Buffer, byCr: boolean): Line | undefined {
    const from = Math.max(this.#at, this.#searched);
    const lf = seen.indexOf(LF, from);
    const end = lf < 0 ? seen.length : lf;
    const cr = byCr ? seen.subarray(from, end).indexOf(CR) + from : -1;
    if (cr >= from && cr + 1 < end) return this.#lineTo(seen, cr, cr + 1, true);
    if (lf < 0) {
      // A CR that is the last byte of all is looked at again with what follows it.
      this.#searched = cr >= from ? cr : end;
      return undefined;
    }
    return this.#lineTo(seen, seen[lf - 1] === CR && lf > this.#at ? lf - 1 : lf, lf + 1, false);
  }

  #lineTo(seen: Buffer, end: number, next: number, isBare: boolean): Line {
    const text = seen.toString("latin1", this.#at, end);
    this.#at = next;
    return { text, isBare };
  }
}
