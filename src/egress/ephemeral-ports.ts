import { readFileSync } from "node:fs";
import type { Clock } from "../core/clock.ts";
import { EGRESS_LIMITS } from "./limits.ts";

/** The ports of this machine that connections may leave from, in two halves that differ in parity. */
export interface EphemeralPorts {
  /** Those that Linux takes last for sockets that name neither address nor port: programs beside the exit keep the others. */
  readonly first: Uint16Array;
  /** Those that Linux takes first for them. */
  readonly rest: Uint16Array;
}

const FOLDER = "/proc/sys/net/ipv4/";
const MAX_PORT = 65_535;
// The port below which Linux asks for a privilege, where it does not say another.
const FIRST_UNPRIVILEGED = 1_024;

/**
 * Reads the range of ephemeral ports and the ports that the operator reserved, at most once a minute. Linux alone has files
 * for them, which count for IPv6 as well; `current` is undefined elsewhere, and where they cannot be read.
 */
export class EphemeralPortRange {
  readonly #clock: Clock;
  readonly #readText: (path: string) => string;
  #ports: EphemeralPorts | undefined;
  #text = "";
  #readAgainMs = Number.NEGATIVE_INFINITY;

  /** `readText` gives the text of a file and throws where it cannot; the default reads files. */
  constructor(components: { readonly clock: Clock; readonly readText?: (path: string) => string }) {
    this.#clock = components.clock;
    this.#readText = components.readText ?? ((path) => readFileSync(path, "utf8"));
  }

  /** The ports as of at most a minute ago; undefined where they are not known. */
  current(): EphemeralPorts | undefined {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs < this.#readAgainMs) return this.#ports;
    this.#readAgainMs = nowMs + EGRESS_LIMITS.portRangeAgeMs.value;
    const range = this.#read("ip_local_port_range");
    // Without descriptors nothing can be read; what was read before still counts.
    if (range === undefined) return this.#ports;
    const [reserved = "", privileged = ""] = [
      this.#read("ip_local_reserved_ports"),
      this.#read("ip_unprivileged_port_start"),
    ];
    const text = [range, reserved, privileged].join();
    if (text !== this.#text) this.#ports = ephemeralPorts(range, reserved, privileged);
    this.#text = text;
    return this.#ports;
  }

  #read(name: string): string | undefined {
    try {
      return this.#readText(FOLDER + name).trim();
    } catch {
      return undefined;
    }
  }
}

/** Texts as Linux writes them: `32768 60999`; `8080,9000-9010`; `1024`. Undefined when no port is left. */
function ephemeralPorts(range: string, reserved: string, privileged: string): EphemeralPorts | undefined {
  const [low = Number.NaN, high = Number.NaN] = range.split(/\s+/).map(Number);
  if (!(low >= 1 && low <= high && high <= MAX_PORT)) return undefined;
  const isLeftOut = new Uint8Array(MAX_PORT + 1);
  isLeftOut.fill(1, 0, privileged === "" ? FIRST_UNPRIVILEGED : Number(privileged));
  for (const part of reserved.split(",")) {
    const [from = Number.NaN, to = from] = part === "" ? [] : part.split("-").map(Number);
    if (from <= to) isLeftOut.fill(1, from, to + 1);
  }
  const halves: [number[], number[]] = [[], []];
  for (let port = low; port <= high; port += 1) {
    if (isLeftOut[port] === 0) halves[(port - low) % 2 === 1 ? 0 : 1].push(port);
  }
  const [first, rest] = halves;
  if (first.length + rest.length === 0) return undefined;
  return { first: Uint16Array.from(first), rest: Uint16Array.from(rest) };
}
