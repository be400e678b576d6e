import { BywayError } from "../core/errors.ts";
import type { FirstBytes } from "../flow/first-bytes.ts";
import { balancerHeaderBytes } from "../wire/balancer-header.ts";
import { isTrackerRequest, readBitTorrentHandshake } from "../wire/bittorrent.ts";
import { readClientHello } from "../wire/client-hello.ts";
import { type RequestBody, SizedBody } from "../wire/request-body.ts";
import { RequestReader } from "../wire/request-reader.ts";
import { readAfterHello } from "../wire/second-hello.ts";
import { EGRESS_LIMITS } from "./limits.ts";
import type { PolicyQuestion, TargetPolicy } from "./policy/policy-decision.ts";
import { StreamNames, unclear } from "./stream-names.ts";

type Verdict = ReturnType<FirstBytes["look"]>;

/** What the next byte of the stream belongs to. */
type Place =
  | { readonly at: "start" }
  | { readonly at: "request"; readonly reader: RequestReader; readonly isAfterWords: boolean }
  | { readonly at: "begin of body"; readonly body: RequestBody; readonly reader: RequestReader }
  | { readonly at: "body"; readonly body: Pick<RequestBody, "take" | "isOver">; readonly then: Place }
  | { readonly at: "hello"; readonly reader?: RequestReader }
  | { readonly at: "after hello"; readonly offeredEarlyData: boolean; readonly bytesLeft: number };

const START: Place = { at: "start" };
const TLS_RECORDS: ReadonlySet<number | undefined> = new Set([0x14, 0x15, 0x16]);
/** Of BitTorrent's handshake; fewer bytes may be all that somebody wants to say for now. */
const TELLING_BYTES = 5;
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
const LONG_LINE = /^[\r\n]*[!#$%&'*+.^_`|~0-9A-Za-z-]+(?: [^\0-\x1f\x7f]*)?$/;
const APPLICATION_DATA = 0x17;
const REQUEST_END: Buffer = Buffer.from("\r\n\r\n");

/**
 * Holds a stream to a target to what its CONNECT said: the client's bytes may name another server than the one that
 * was connected, and whoever stands there would serve that one.
 *
 *     start ─► PROXY header ─► start                        BitTorrent: refused unless the policy opens it
 *       ├────► request ─► body ─► start                     a name that the policy refuses: refused
 *       ├────► hello ─► after hello ─► hello                what servers could read in several ways: refused
 *       └────► all else: passes, and nothing is looked at any more
 *
 * The names in a TLS ClientHello and in a request of HTTP/1 are judged as if they had been asked for, so that the stricter
 * of both decides. Where no host could change the policy's decision, only BitTorrent is refused.
 */
export class StreamFirstBytes implements FirstBytes {
  readonly #opensBitTorrent: boolean;
  readonly #names: StreamNames;
  #place: Place = START;
  /** With fewer bytes there is nothing new to see of a hello. */
  #least = 0;
  #lastVerdict: Verdict = "open";
  #nextAt: number | undefined;

  /** `question` is the one that was accepted, with the addresses of its target. One for each stream. */
  constructor(policy: TargetPolicy, question: PolicyQuestion) {
    this.#opensBitTorrent = policy.opensBitTorrent;
    this.#names = new StreamNames(policy, question);
  }

  get nextAt(): number | undefined {
    return this.#nextAt;
  }

  /**
   * Throws ERR_POLICY_PROTOCOL for BitTorrent and what the policy says of a name; where hosts matter, also ERR_POLICY_PROTOCOL
   * for a hello or header of more than 64 KiB and for one that is not clear.
   */
  look(seen: Buffer): Verdict {
    this.#nextAt = undefined;
    this.#lastVerdict = this.#lookAt(seen);
    return this.#lastVerdict;
  }

  /** A header that was cut off is one to servers that take an end for an empty line. */
  end(seen: Buffer): void {
    if (this.#place.at === "request") this.#lookAt(Buffer.concat([seen, REQUEST_END]));
  }

  #lookAt(seen: Buffer): Verdict {
    switch (this.#place.at) {
      case "start":
        return this.#lookAtStart(seen);
      case "request":
        return this.#lookAtRequest(seen, this.#place);
      case "begin of body":
        return this.#lookAtBeginOfBody(seen, this.#place);
      case "body":
        return this.#lookAtBody(seen, this.#place.body, this.#place.then);
      case "hello":
        return this.#lookAtHello(seen, this.#place.reader);
      case "after hello":
        return this.#lookAfterHello(seen, this.#place);
    }
  }

  #lookAtStart(seen: Buffer): Verdict {
    const handshake = this.#opensBitTorrent ? "none" : readBitTorrentHandshake(seen);
    if (handshake === "found") throw bitTorrent();
    if (handshake === "more") return seen.length < TELLING_BYTES ? "open" : "more";
    const skipped = this.#names.isStrict ? balancerHeaderBytes(seen) : 0;
    if (skipped === "unclear") throw unclear("PROXY header");
    if (skipped === "more") return this.#undecided(seen, "open", "PROXY header");
    if (skipped > 0) return this.#goOn(skipped, START);
    this.#place = TLS_RECORDS.has(seen[0]) ? { at: "hello", reader: this.#newReader() } : this.#request();
    return this.#lookAt(seen);
  }

  #lookAtRequest(seen: Buffer, { reader, isAfterWords }: Place & { readonly at: "request" }): Verdict {
    const { found, line, hosts, unclear: what, end } = reader.read(seen);
    if (line !== undefined && !this.#opensBitTorrent && isTrackerRequest(line)) throw bitTorrent();
    // What names no HTTP is judged only where a server of HTTP/0.9 could matter.
    if (this.#names.isStrict || found === "header" || found === "end") {
      for (const host of hosts) this.#names.judge(host, "host header");
    }
    if (what !== undefined) return this.#unclear(what);
    if (found === "none") return isAfterWords ? this.#unclear("body") : "pass";
    if (found === "header") return this.#undecided(seen, "more", "HTTP header");
    if (found === "open") return this.#lookOn(seen, line, isAfterWords);
    if (end === undefined || !this.#names.isStrict) return "pass";
    const { bytes, body } = end;
    return this.#goOn(bytes, body.isOver ? START : { at: "begin of body", body, reader: new RequestReader() });
  }

  /** Nothing says HTTP so far. */
  #lookOn(seen: Buffer, line: string | undefined, isAfterWords: boolean): Verdict {
    if (!this.#names.isStrict && line !== undefined) return "pass";
    if (seen.length < EGRESS_LIMITS.maxFirstBytes.value) return "open";
    // Only Go reads first lines that are longer, and only without control characters.
    if (this.#names.isStrict && LONG_LINE.test(seen.toString("latin1"))) throw tooLong("HTTP header");
    return isAfterWords ? this.#unclear("body") : "pass";
  }

  /**
   * A server that does not read bodies takes one that begins as a request for the next one. Words of a body that could begin
   * one may be followed by nothing but a plain request.
   */
  #lookAtBeginOfBody(seen: Buffer, { body, reader }: Place & { readonly at: "begin of body" }): Verdict {
    let then = START;
    if (body.left !== undefined) {
      const { found, hosts } = reader.read(seen.subarray(0, body.left));
      if (found === "header" || found === "end") throw unclear("body");
      for (const host of hosts) this.#names.judge(host, "host header");
      if (found === "open" && seen.length < Math.min(body.left, EGRESS_LIMITS.maxFirstBytes.value)) return "open";
      if (found === "open") then = { at: "request", reader: new RequestReader(), isAfterWords: true };
    }
    this.#place = { at: "body", body, then };
    return this.#lookAtBody(seen, body, then);
  }

  #lookAtBody(seen: Buffer, body: Pick<RequestBody, "take" | "isOver">, then: Place): Verdict {
    const taken = body.take(seen);
    if (taken === undefined) return this.#unclear("body");
    if (body.isOver) return this.#goOn(taken, then);
    return taken === 0 ? "open" : this.#goOn(taken, this.#place);
  }

  /**
   * Netty passes over the first bytes of a hello, and takes for a request what follows; servers of any method take it for one.
   * `reader` is for that.
   */
  #lookAtHello(seen: Buffer, reader?: RequestReader): Verdict {
    const { found = "none", hosts = [] } = reader?.read(seen) ?? {};
    if (found === "header" || found === "end" || hosts.length > 0) return this.#unclear("TLS hello");
    if (seen.length < this.#least) return this.#lastVerdict;
    const hello = readClientHello(seen);
    if (hello.found === "none" && reader !== undefined) {
      this.#place = this.#request();
      return this.#lookAt(seen);
    }
    if (hello.found === "none") return "pass";
    if (hello.found === "unclear") return this.#unclear("TLS hello");
    if (hello.found === "more") {
      if (hello.least > EGRESS_LIMITS.maxFirstBytes.value) return this.#tooLong("TLS hello");
      this.#least = hello.least;
      return hello.isBegun ? "more" : "open";
    }
    if (hello.name !== undefined) this.#names.judge(hello.name, "server name");
    if (!this.#names.isStrict || !hello.mayBeRetried) return "pass";
    const { offersEarlyData: offeredEarlyData } = hello;
    const bytesLeft = EGRESS_LIMITS.maxBeforeSecondHello.value;
    return this.#goOn(hello.bytes, { at: "after hello", offeredEarlyData, bytesLeft });
  }

  #lookAfterHello(seen: Buffer, place: Place & { readonly at: "after hello" }): Verdict {
    const next = readAfterHello(seen, place.offeredEarlyData);
    if (next === "more") return "open";
    if (next === "none") return "pass";
    // Early data that was taken goes on for as long as the client likes.
    if (place.bytesLeft <= 0) return seen[0] === APPLICATION_DATA ? "pass" : this.#unclear("TLS hello");
    if (next === "hello") {
      this.#place = { at: "hello" };
      return this.#lookAtHello(seen);
    }
    const then = { ...place, bytesLeft: place.bytesLeft - next };
    this.#place = { at: "body", body: new SizedBody(next), then };
    return this.#lookAt(seen);
  }

  /** A method is not looked at where hosts matter: a server that serves any name may serve any method. */
  #request(): Place {
    return { at: "request", reader: this.#newReader(), isAfterWords: false };
  }

  #newReader(): RequestReader {
    return new RequestReader({ anyMethod: this.#names.isStrict });
  }

  /** `bytes` of what was seen are done with, and `place` begins behind them. */
  #goOn(bytes: number, place: Place): Verdict {
    this.#place = place;
    this.#least = 0;
    this.#nextAt = bytes;
    return "pass";
  }

  #undecided(seen: Buffer, verdict: Verdict, what: string): Verdict {
    return seen.length >= EGRESS_LIMITS.maxFirstBytes.value ? this.#tooLong(what) : verdict;
  }

  #tooLong(what: string): Verdict {
    if (this.#names.isStrict) throw tooLong(what);
    return "pass";
  }

  #unclear(what: string): Verdict {
    if (this.#names.isStrict) throw unclear(what);
    return "pass";
  }
}

function bitTorrent(): BywayError {
  return new BywayError("ERR_POLICY_PROTOCOL", "this exit does not carry BitTorrent", { data: { by: "bittorrent" } });
}

function tooLong(what: string): BywayError {
  return new BywayError("ERR_POLICY_PROTOCOL", `the ${what} in the stream is too long to be read`, {
    data: { by: `long ${what}` },
  });
}
