import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../src/core/clock.ts";
import type { HostPort } from "../../src/core/network-address.ts";
import { createTestnet } from "../../src/testnet/testnet.ts";

/*
 * Bursts of streams whose exits answer late: circuits lose races and take no new streams meanwhile, and none of those that
 * they have may be cut. A stream counts as lost only if Byway lost it. The target accepts at once and loses nothing by
 * itself; what is slow is its name server. (A target whose queue of connections is full would not do: its system resets some
 * of those that it took for open, without any proxy.) An answer that says what the exit found is no loss: on a machine that
 * is busy enough any look-up takes too long.
 */
const BURSTS = 30;
const STREAMS = 500;
const TARGET_HOST = "127.201.0.1";
/** For a stream at which nothing happens any more; far above all limits of time in Byway, so that a busy machine is no reason. */
const WITHIN_MS = 300_000;
const LINE = "a line";

/**
 * In a process of its own: an echo, and a name server. Of two names of three it does not hear the first question, so that the
 * exit asks again after two seconds, and another exit that is asked beside it is quicker.
 */
const SERVE = `
  const { decode, encode } = require("dns-packet");
  const names = require("node:dgram").createSocket("udp4");
  const heard = new Set();
  names.on("message", (message, from) => {
    const { id, questions } = decode(message);
    const [{ name, type }] = questions;
    if (type === "A" && Number(/\\d+/.exec(name)[0]) % 3 > 0 && !heard.has(name)) return void heard.add(name);
    const answers = type === "A" ? [{ name, type, ttl: 60, class: "IN", data: "${TARGET_HOST}" }] : [];
    names.send(encode({ type: "response", id, flags: 0x0480, questions, answers }), from.port, from.address);
  });
  names.bind(0, "${TARGET_HOST}", () => {
    require("node:net").createServer({ allowHalfOpen: true }, (socket) => socket.on("error", () => {}).pipe(socket))
      .listen({ host: "${TARGET_HOST}", port: 0, backlog: 4096 }, function () {
        process.stdout.write(JSON.stringify({ target: this.address().port, names: names.address().port }));
      });
  });`;

/** What became of a stream: whole, told what the target's side did, or lost, and how. */
type Outcome = { readonly is: "whole" | "told" } | { readonly is: "lost"; readonly how: string };

/** A stream through the proxy that has been answered, in whichever way. */
interface Answered {
  /** Sends a line and resolves with what came of it. */
  readonly finish: () => Promise<Outcome>;
}

/** Sends a CONNECT and resolves when its answer has come or its connection is over. */
function ask(proxy: HostPort, target: string): Promise<Answered> {
  return new Promise((answered) => {
    let text = "";
    const socket = net.connect({ ...proxy, allowHalfOpen: true });
    const over = new Promise<string>((resolve) => {
      const end = (how: string): void => {
        timer.cancel();
        socket.destroy();
        resolve(how);
      };
      const timer = systemClock.after(WITHIN_MS, () => end("late"));
      socket.on("end", () => end("end")).on("error", (error: NodeJS.ErrnoException) => end(String(error.code)));
    });
    const finish = async (): Promise<Outcome> => {
      if (socket.writable) socket.end(LINE);
      const how = await over;
      const [, status, rest = ""] = /^HTTP\/1\.1 (\d+)[\s\S]*?\r\n\r\n([\s\S]*)$/.exec(text) ?? [];
      if (status === "200" && rest === LINE && how === "end") return { is: "whole" };
      if (status !== "200" && /"code":"ERR_TARGET_/.test(rest)) return { is: "told" };
      return { is: "lost", how: `${text} ${how}` };
    };
    const settle = (): void => answered({ finish });
    void over.then(settle);
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
      if (text.includes("\r\n\r\n")) settle();
    });
    socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
  });
}

/** The outcomes of a burst. No stream ends before all have been answered: each stands while circuits are left. */
async function burst(proxy: HostPort, number: number, port: number): Promise<readonly Outcome[]> {
  const targets = Array.from({ length: STREAMS }, (_, n) => `s${number * STREAMS + n}.slow.example:${port}`);
  const answered = await Promise.all(targets.map((target) => ask(proxy, target)));
  return Promise.all(answered.map(({ finish }) => finish()));
}

async function serveSlowly(t: TestContext): Promise<{ readonly target: number; readonly names: number }> {
  const cwd = fileURLToPath(new URL("../..", import.meta.url));
  const child = spawn(process.execPath, ["-e", SERVE], { cwd, stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => child.kill());
  const [line] = await once(child.stdout, "data");
  return JSON.parse(String(line)) as { target: number; names: number };
}

test(`${BURSTS} bursts of ${STREAMS} CONNECTs whose exits answer late: none is lost`, {
  timeout: 3_000_000,
}, async (t) => {
  const ports = await serveSlowly(t);
  const network = await createTestnet(8, {
    listen: { host: "127.0.0.1", port: 0 },
    allowTargets: [{ host: TARGET_HOST, port: ports.target }],
    dnsServers: [`${TARGET_HOST}:${ports.names}`],
  });
  t.after(() => network.stop());
  const proxy: HostPort | undefined = network.client.address;
  assert.ok(proxy !== undefined);
  let whole = 0;
  for (let number = 1; number <= BURSTS; number += 1) {
    const outcomes = await burst(proxy, number, ports.target);
    const lost = outcomes.flatMap((outcome) => (outcome.is === "lost" ? [outcome.how] : []));
    const told = outcomes.filter(({ is }) => is === "told").length;
    whole += STREAMS - told - lost.length;
    t.diagnostic(`burst ${number}: ${lost.length} of ${STREAMS} lost, ${told} told what the target's side did`);
    assert.deepEqual(lost.slice(0, 3), []);
  }
  // Else it would say nothing.
  assert.ok(whole > (BURSTS * STREAMS) / 2, `only ${whole} streams were carried`);
});
