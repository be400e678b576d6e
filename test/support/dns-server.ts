import { createSocket, type RemoteInfo } from "node:dgram";
import { once } from "node:events";
import { type Answer, decode, encode, type Packet, type Question } from "dns-packet";
import type { HostPort } from "../../src/core/network-address.ts";
import { inTime } from "./in-time.ts";

/** One record that the server knows; `ttl` in seconds, 60 when absent. */
export interface DnsRecord {
  readonly name: string;
  readonly type: "A" | "AAAA" | "CNAME";
  readonly data: string;
  readonly ttl?: number;
}

/** Names that the server answers in a bad way. */
export interface DnsFaults {
  /** Names that are never answered, with all their types or as `name/A`. */
  readonly silent?: readonly string[];
  /** Names that are answered with SERVFAIL. */
  readonly failing?: readonly string[];
  /** Names that are answered with REFUSED. */
  readonly refused?: readonly string[];
}

/** A name server on loopback. */
export interface DnsServer {
  /** `ip:port`, as resolvers take it. */
  readonly address: string;
  /** What was asked so far, as `name/TYPE`, in order. */
  readonly queries: readonly string[];
  /** Settles once `query` (`name/TYPE`) has come so many times. */
  asked(query: string, times: number): Promise<void>;
  /** Answers from `records` from here on. */
  replace(records: readonly DnsRecord[]): void;
  stop(): Promise<void>;
}

const ASKED = "asked";
const SERVFAIL = 2;
const NXDOMAIN = 3;
const REFUSED = 5;
const AUTHORITATIVE = 0x0400;
const RECURSION_AVAILABLE = 0x0080;

/** Starts an authoritative name server (RFC 1035) on UDP, at any port of 127.53.0.1 by default; CNAMEs are followed in the answer. */
export async function startDnsServer(
  records: readonly DnsRecord[],
  faults: DnsFaults = {},
  at: HostPort = { host: "127.53.0.1", port: 0 },
): Promise<DnsServer> {
  let known = records;
  const queries: string[] = [];
  const socket = createSocket("udp4");
  socket.on("message", (message: Buffer, from: RemoteInfo) => {
    const query = decode(message);
    const question = query.questions?.[0];
    if (question === undefined) return;
    const asked = `${question.name.toLowerCase()}/${question.type}`;
    queries.push(asked);
    socket.emit(ASKED);
    const silent = faults.silent ?? [];
    if (silent.includes(asked) || silent.includes(question.name.toLowerCase())) return;
    const reply = encode(replyTo(query, question, known, faults));
    socket.send(reply, from.port, from.address);
  });
  socket.bind(at.port, at.host);
  await once(socket, "listening");
  return {
    address: `${at.host}:${socket.address().port}`,
    queries,
    async asked(query, times) {
      while (queries.filter((one) => one === query).length < times)
        await inTime(once(socket, ASKED), `${query} is asked`);
    },
    replace(next) {
      known = next;
    },
    async stop() {
      const closed = once(socket, "close");
      socket.close();
      await closed;
    },
  };
}

function replyTo(query: Packet, question: Question, records: readonly DnsRecord[], faults: DnsFaults): Packet {
  const name = question.name.toLowerCase();
  const answers: Answer[] = [];
  let owner = name;
  let exists = false;
  for (let links = 0; links < 10; links++) {
    const here = records.filter((record) => record.name === owner);
    exists ||= here.length > 0;
    const alias = here.find((record) => record.type === "CNAME");
    const found = alias === undefined ? here.filter((record) => record.type === question.type) : [alias];
    answers.push(...found.map(({ type, data, ttl = 60 }): Answer => ({ name: owner, type, data, ttl, class: "IN" })));
    if (alias === undefined) break;
    owner = alias.data;
  }
  const found = exists ? 0 : NXDOMAIN;
  const failed = faults.failing?.includes(name) === true ? SERVFAIL : found;
  const code = faults.refused?.includes(name) === true ? REFUSED : failed;
  return {
    type: "response",
    ...(query.id === undefined ? {} : { id: query.id }),
    flags: AUTHORITATIVE | RECURSION_AVAILABLE | code,
    questions: [question],
    answers: code === 0 ? answers : [],
  };
}
