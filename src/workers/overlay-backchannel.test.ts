import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, statSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { dirname } from "node:path";
import { type TestContext, test } from "node:test";
import { closeOf, collect } from "../../test/support/collect.ts";
import { until } from "../../test/support/proxy-fixture.ts";
import { roomyBudget } from "../../test/support/roomy-budget.ts";
import { serveTcp } from "../../test/support/tcp-server.ts";
import { FakeClock } from "../core/fake-clock.ts";
import type { HostPort } from "../core/network-address.ts";
import { WORKERS_LIMITS } from "./limits.ts";
import { OverlayBackchannel, sendBack } from "./overlay-backchannel.ts";

const onWindows = process.platform === "win32";

async function setUp(t: TestContext) {
  const clock = new FakeClock();
  const back: { socket: Socket; remote: HostPort }[] = [];
  const backchannel = new OverlayBackchannel({ clock }, (socket, remote) => void back.push({ socket, remote }));
  const path = await backchannel.start();
  t.after(async () => {
    for (const { socket } of back) socket.destroy();
    await backchannel.stop();
  });
  const { open } = await serveTcp(t, (socket) => {
    socket.once("readable", () => {
      socket.unshift(socket.read());
      sendBack({ clock, budget: roomyBudget() }, path, socket, { host: "192.0.2.9", port: 50_000 });
    });
  });
  return { clock, back, backchannel, path, open };
}

test("a connection comes back with its remote address and every byte, both ways, and ends with either end", async (t) => {
  const { clock, back, open } = await setUp(t);
  const peer = open();
  peer.write("\x13/multistream/1.0.0\n");
  await until(() => back.length === 1);
  const { socket, remote } = back[0] ?? assert.fail();
  assert.deepEqual(remote, { host: "192.0.2.9", port: 50_000 });
  socket.write("answer");
  await once(peer, "readable");
  assert.equal(String(peer.read()), "answer");
  peer.end("more");
  assert.equal((await collect(socket)).toString(), "\x13/multistream/1.0.0\nmore");
  await closeOf(peer.resume());
  await until(() => clock.pending === 0);
});

test("either end's abrupt end reaches the other", async (t) => {
  const { back, open } = await setUp(t);
  const [peer, other] = [open(), open()];
  peer.write("\x13a");
  await until(() => back.length === 1);
  other.write("\x13b");
  await until(() => back.length === 2);
  const gone = closeOf(peer.resume());
  back[0]?.socket.destroy();
  await gone;
  const lost = closeOf((back[1]?.socket ?? assert.fail()).on("error", () => {}).resume());
  other.resetAndDestroy();
  await lost;
});

test("the socket lies where only this user can go, and is gone after the stop", { skip: onWindows }, async (t) => {
  const { path, backchannel, back, open } = await setUp(t);
  assert.equal(statSync(dirname(path)).mode & 0o777, 0o700);
  open().write("\x13");
  await until(() => back.length === 1);
  await backchannel.stop();
  await backchannel.stop();
  assert.equal(existsSync(dirname(path)), false);
  assert.equal(back[0]?.socket.destroyed, false);
});

test("what tells no remote address in time, or something else, is closed", async (t) => {
  const { clock, back, path } = await setUp(t);
  const dial = (): Socket =>
    connect(path)
      .on("error", () => {})
      .resume();
  const wrong = dial();
  wrong.write("GET / HTTP/1.1\r\n");
  await closeOf(wrong);
  const silent = dial();
  silent.write("PROXY TCP4 ");
  await until(() => clock.pending === 1);
  clock.advance(WORKERS_LIMITS.backchannelMs.value);
  await closeOf(silent);
  assert.deepEqual(back, []);
  assert.equal(clock.pending, 0);
});
