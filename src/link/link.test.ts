import { systemClock } from "../core/clock.ts";
import { linkCompliance } from "./link.compliance.ts";
import { MemoryTransport } from "./memory-transport.ts";
import { streamEndsCompliance } from "./stream-ends.compliance.ts";
import { TcpTransport } from "./tcp-transport.ts";

linkCompliance("link over tcp", () => new TcpTransport({ clock: systemClock }));
linkCompliance("link over memory", () => new MemoryTransport());
streamEndsCompliance("streams over tcp", () => new TcpTransport({ clock: systemClock }));
streamEndsCompliance("streams over memory", () => new MemoryTransport());
