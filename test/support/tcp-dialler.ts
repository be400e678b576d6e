import { type Clock, systemClock } from "../../src/core/clock.ts";
import { TcpTransport } from "../../src/link/tcp-transport.ts";
import { WayDialler } from "../../src/link/way-dialler.ts";
import { roomyBudget } from "./roomy-budget.ts";

/** Reaches peers over TCP, as a client does. */
export function tcpDialler(clock: Clock = systemClock): WayDialler {
  return new WayDialler({ clock, budget: roomyBudget(), transport: new TcpTransport({ clock }) });
}
