import { systemClock } from "../core/clock.ts";
import { MemoryTransport } from "./memory-transport.ts";
import { TcpTransport } from "./tcp-transport.ts";
import { transportCompliance } from "./transport.compliance.ts";

transportCompliance("tcp", () => new TcpTransport({ clock: systemClock }), { host: "127.0.0.1", port: 0 });
transportCompliance("memory", () => new MemoryTransport(), { host: "127.0.0.1", port: 0 });
