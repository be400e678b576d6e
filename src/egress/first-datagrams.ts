import { BywayError } from "../core/errors.ts";
import { isBitTorrentDatagram } from "../wire/bittorrent.ts";
import { answersUtpSyn, readUtpSyn, type UtpSyn } from "../wire/utp.ts";
import { EGRESS_LIMITS } from "./limits.ts";
import type { TargetPolicy } from "./policy/policy-decision.ts";

/** A side of a UDP flow. */
export type FlowSide = "client" | "target";

/**
 * Looks at the first datagrams of a UDP flow, each way, for BitTorrent; later ones cost a comparison. Names in QUIC are not
 * read. One for each flow.
 */
export class FirstDatagrams {
  readonly #left: Record<FlowSide, number>;
  readonly #syns: Partial<Record<FlowSide, UtpSyn>> = {};

  constructor({ opensBitTorrent }: Pick<TargetPolicy, "opensBitTorrent">) {
    const most = opensBitTorrent ? 0 : EGRESS_LIMITS.firstDatagrams.value;
    this.#left = { client: most, target: most };
  }

  /** Throws ERR_POLICY_PROTOCOL, with which the flow ends, at the datagram `from` one side that shows what the flow is. */
  look(from: FlowSide, payload: Uint8Array): void {
    if (this.#left[from] === 0) return;
    this.#left[from] -= 1;
    const seen = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
    const asked = this.#syns[from === "client" ? "target" : "client"];
    if (isBitTorrentDatagram(seen) || (asked !== undefined && answersUtpSyn(seen, asked))) {
      throw new BywayError("ERR_POLICY_PROTOCOL", "this exit does not carry BitTorrent", {
        data: { by: "bittorrent" },
      });
    }
    const syn = readUtpSyn(seen);
    if (syn !== undefined) this.#syns[from] = syn;
  }
}
