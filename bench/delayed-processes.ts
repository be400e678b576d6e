import type { HostPort } from "../src/core/network-address.ts";
import { type DelayLine, type DelayLineOptions, startDelayLine } from "../test/support/delay-line.ts";
import { Processes } from "./processes.ts";

/** Three nodes and a client as processes, with a delay line of this process before each node. */
export interface DelayedProcesses extends AsyncDisposable {
  readonly processes: Processes;
  readonly proxy: HostPort;
  readonly lines: readonly DelayLine[];
}

/** Starts them; `targets` are what the exits may reach. */
export async function startDelayedProcesses(
  line: Omit<DelayLineOptions, "listen" | "target">,
  targets: readonly HostPort[],
): Promise<DelayedProcesses> {
  await using starting = new AsyncDisposableStack();
  const processes = starting.use(new Processes());
  const lines: DelayLine[] = [];
  for (const [index, host] of ["127.10.0.1", "127.20.0.1", "127.30.0.1"].entries()) {
    let target: HostPort = { host, port: 0 };
    const before = starting.use(await startDelayLine({ ...line, listen: { host, port: 0 }, target: () => target }));
    const plan = { host, advertise: before.address, allowTargets: targets };
    target = (await processes.startNode(`node-${index + 1}`, plan)).address;
    lines.push(before);
  }
  const client = await processes.startClient();
  const all = starting.move();
  return { processes, lines, proxy: client.address, [Symbol.asyncDispose]: () => all.disposeAsync() };
}
