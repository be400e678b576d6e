import { formatHostPort } from "../../core/network-address.ts";
import { ACCOUNTABILITY_LIMITS } from "./limits.ts";
import { asciiJson } from "./log-record.ts";
import type { LoggedProof, LoggedStream, StreamEnd } from "./stream-log.ts";

/** What every record of one stream says. */
export interface StreamFacts {
  /** Counts up from 1 since the log was started. */
  readonly stream: number;
  /** The salted name of the link, or of the payer where there is one. */
  readonly link: string;
  readonly payer?: string;
  readonly protocol: LoggedStream["protocol"];
  readonly target: LoggedStream["target"];
}

/** What a target was reached by. */
export interface DialledFacts {
  readonly address: string;
  /** The port on this side; undefined where it is not known. */
  readonly fromPort: number | undefined;
}

/** How long a stream was there, and what came of it. */
export interface StreamOutcome extends StreamEnd {
  readonly durationMs: number;
}

function common({ stream, link, payer, protocol, target }: StreamFacts, nonce: string): string {
  const host = target.host.slice(0, ACCOUNTABILITY_LIMITS.hostCharacters.value);
  const who = payer === undefined ? `"link":"${link}"` : `"link":"${link}","payer":"${payer}"`;
  // The nonce keeps others from guessing a record of which an export shows the hash alone.
  return `"stream":${stream},"nonce":"${nonce}",${who},"protocol":"${protocol}","target":${asciiJson(formatHostPort({ host, port: target.port }))}`;
}

function dialledText({ address, fromPort }: DialledFacts): string {
  return `"address":${asciiJson(address)}${fromPort === undefined ? "" : `,"fromPort":${fromPort}`}`;
}

/** The fields of the record that a target is talked to at `address`. */
export function openFields(facts: StreamFacts, nonce: string, dialled: DialledFacts): string {
  return `"event":"open",${common(facts, nonce)},${dialledText(dialled)}`;
}

/** The fields of the record that a stream is over. */
export function endFields(facts: StreamFacts, nonce: string, dialled: DialledFacts, outcome: StreamOutcome): string {
  const { bytesUp, bytesDown, durationMs, end } = outcome;
  return `"event":"end",${common(facts, nonce)},${dialledText(dialled)},"bytesUp":${bytesUp},"bytesDown":${bytesDown},"durationMs":${durationMs},"result":"${end}"`;
}

/** The fields of the record that a target could not be talked to, though packets may have gone out. */
export function failFields(facts: StreamFacts, nonce: string, { durationMs, end }: StreamOutcome): string {
  return `"event":"fail",${common(facts, nonce)},"durationMs":${durationMs},"result":"${end}"`;
}

/** The fields of the record that a relay connected to an endpoint, and the peer that it was named for was not there. */
export function proofFields(link: string, nonce: string, { endpoint, durationMs, result }: LoggedProof): string {
  return `"event":"proof","nonce":"${nonce}","link":"${link}","target":${asciiJson(formatHostPort(endpoint))},"durationMs":${durationMs},"result":"${result}"`;
}
