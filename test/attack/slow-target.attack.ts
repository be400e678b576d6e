import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import net, { type Socket } from "node:net";
import { test } from "node:test";
import { systemClock } from "../../src/core/clock.ts";
import { formatHostPort, type HostPort } from "../../src/core/network-address.ts";
import { createTestnet } from "../../src/testnet/testnet.ts";

const BURSTS = 30;
const STREAMS = 500;
/** Connections that the target's system takes for it; the next ones try again after a second, and after three. */
const BACKLOG = 128;
/** The system tries for two minutes to finish a handshake that found no place. */
const WITHIN_MS = 150_000;
const TARGET_HOST = "127.201.0.1";

/** Sends a CONNECT and a line, and resolves with what came back up to the end. */
function ask(proxy: HostPort, target: string): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const socket: Socket = net.connect({ ...proxy, allowHalfOpen: true });
    const timer = systemClock.after(WITHIN_MS, () => over("late"));
    const over = (how: string): void => {
      timer.cancel();
      socket.destroy();
      resolve(`${text} ${how}`);
    };
    socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1"))).on("end", () => over("end"));
    socket.on("error", (error: NodeJS.ErrnoException) => over(String(error.code)));
    socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
    socket.once("data", () => socket.end("a line"));
  });
}

test(`${BURSTS} bursts of ${STREAMS} CONNECTs to a target that is slow to accept: none is lost`, {
  timeout: 1_800_000,
}, async (t) => {
  // In a process of its own, which accepts for a tenth of each second: most of a burst finds no place, and tries again later.
  const serve = `require("node:net").createServer({ allowHalfOpen: true }, (socket) => socket.on("error", () => {}).pipe(socket))
    .listen({ host: "${TARGET_HOST}", port: 0, backlog: ${BACKLOG} }, function () { console.log(this.address().port); });
    const cell = new Int32Array(new SharedArrayBuffer(4));
    setInterval(() => Atomics.wait(cell, 0, 0, 900), 1000);`;
  const child = spawn(process.execPath, ["-e", serve], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => child.kill());
  const [line] = await once(child.stdout, "data");
  const address: HostPort = { host: TARGET_HOST, port: Number(String(line)) };
  const network = await createTestnet(8, { listen: { host: "127.0.0.1", port: 0 }, allowTargets: [address] });
  t.after(() => network.stop());
  const proxy: HostPort | undefined = network.client.address;
  assert.ok(proxy !== undefined);
  const target: string = formatHostPort(address);
  for (let burst = 1; burst <= BURSTS; burst += 1) {
    const answers: readonly string[] = await Promise.all(Array.from({ length: STREAMS }, () => ask(proxy, target)));
    const lost = answers.filter((answer) => !/^HTTP\/1.1 200 [\s\S]*\r\n\r\na line end$/.test(answer));
    t.diagnostic(`burst ${burst}: ${lost.length} of ${STREAMS} lost`);
    assert.deepEqual(lost.slice(0, 3), []);
  }
});
