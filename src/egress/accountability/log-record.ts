import { hash } from "node:crypto";
import { DAY_MS } from "../../core/units.ts";

/** What stands before the first record of a chain, in place of a hash. */
export const CHAIN_BEGIN: string = "0".repeat(64);

/** The version of the form of records. */
export const LOG_VERSION = 1;

/** A record as it waits to be written: when it happened, and its fields from `event` on as JSON without braces. */
export interface WaitingRecord {
  readonly timeMs: number;
  /** ASCII, such as `"event":"start","software":"byway 0.1.0"`. */
  readonly fields: string;
}

/** A record as it stands in a file. */
export interface LogRecord {
  readonly seq: number;
  /** ISO 8601 with milliseconds, in UTC. */
  readonly time: string;
  readonly event: string;
  /** The line before `,"hash"`: what its hash covers, beside the hash before. */
  readonly body: string;
  /** What the line says, 64 hexadecimal digits. */
  readonly hash: string;
}

/** A record of which an export shows no more than what the chain needs. */
export interface RedactedRecord {
  readonly seq: number;
  readonly event: "redacted";
  /** SHA-256 of the body that is kept back. */
  readonly bodyHash: string;
  readonly hash: string;
}

const LINE =
  /^(\{"seq":(\d{1,15}),"time":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)","event":"([a-z]{1,16})"[ -~]*),"hash":"([0-9a-f]{64})"\}$/;
const REDACTED = /^\{"seq":(\d{1,15}),"redacted":"([0-9a-f]{64})","hash":"([0-9a-f]{64})"\}$/;
const UNPRINTABLE = /[^ -~]/g;

let textOfMs = Number.NaN;
let timeText = "";

/** Later years have more digits, and so no place in the names of files. */
const LATEST_MS = Date.parse("9999-12-31T23:59:59.999Z");

/** A time as records have it; the end of the year 9999 for a later one. */
export function recordTime(timeMs: number): string {
  if (timeMs !== textOfMs) {
    timeText = new Date(Math.min(timeMs, LATEST_MS)).toISOString();
    textOfMs = timeMs;
  }
  return timeText;
}

/** The first day of which records are kept for `days`, as in `2026-11-21`. */
export function oldestDayKept(nowMs: number, days: number): string {
  return recordTime(nowMs - days * DAY_MS).slice(0, 10);
}

/** A text as JSON in ASCII, whoever wrote it: one line, and nothing that a terminal takes for a command. */
export function asciiJson(text: string): string {
  return JSON.stringify(text).replace(
    UNPRINTABLE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** The hash of a record: SHA-256 over the hash before it and the SHA-256 of its body, each as 64 hexadecimal digits. */
export function chainHash(before: string, body: string): string {
  return chainHashOf(before, bodyHash(body));
}

/** The same, of a body that is known by its hash alone. */
export function chainHashOf(before: string, hashOfBody: string): string {
  return hash("sha256", before + hashOfBody, "hex");
}

/** SHA-256 of a body, in hexadecimal digits. */
export function bodyHash(body: string): string {
  return hash("sha256", body, "hex");
}

/** What a record's hash covers, beside the hash before. */
export function recordBody(seq: number, { timeMs, fields }: WaitingRecord): string {
  return `{"seq":${seq},"time":"${recordTime(timeMs)}",${fields}`;
}

/** A record's line, with its end. */
export function recordLine(body: string, hashOfRecord: string): string {
  return `${body},"hash":"${hashOfRecord}"}\n`;
}

/** The line of a record that an export keeps back, with its end. */
export function redactedLine({ seq, body, hash: stated }: LogRecord): string {
  return `{"seq":${seq},"redacted":"${bodyHash(body)}","hash":"${stated}"}\n`;
}

/** Reads a line without its end; undefined for what is no record. The hash is not looked at. */
export function readRecord(line: string): LogRecord | undefined {
  const [, body, seq, time, event, stated] = LINE.exec(line) ?? [];
  if (body === undefined || time === undefined || event === undefined || stated === undefined) return undefined;
  if (Number.isNaN(Date.parse(time))) return undefined;
  return { seq: Number(seq), time, event, body, hash: stated };
}

/** Reads a line of an export that is kept back; undefined for any other. */
export function readRedacted(line: string): RedactedRecord | undefined {
  const [, seq, hashOfBody, stated] = REDACTED.exec(line) ?? [];
  if (hashOfBody === undefined || stated === undefined) return undefined;
  return { seq: Number(seq), event: "redacted", bodyHash: hashOfBody, hash: stated };
}

/** The fields of a record; empty where they are no JSON. */
export function recordFields(record: LogRecord): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(`${record.body}}`) as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
}
