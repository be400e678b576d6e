import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { serveLink } from "../../test/support/link-bench.ts";
import { systemClock } from "../core/clock.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { LinePace } from "../flow/line-pace.ts";
import { BANDWIDTH_PATH, BandwidthService } from "./bandwidth-service.ts";
import { TcpTransport } from "./tcp-transport.ts";

const BYTES = 200_000;
const BYTES_PER_SECOND = 500_000;

for (const direction of ["download", "upload"] as const) {
  test(`a ${direction} that measures the line keeps to the speed that its operator gives`, async (t) => {
    const clock = new FakeClock();
    const pace = new LinePace({ clock }, {});
    pace.setRate(BYTES_PER_SECOND);
    const bandwidth = new BandwidthService({ clock });
    const openPace = () => pace.openLink();
    const served = await serveLink(new TcpTransport({ clock: systemClock }), { bandwidth, openPace });
    t.after(() => served[Symbol.asyncDispose]());
    const link = await served.open();
    t.after(() => link.destroy());
    const isDownload = direction === "download";
    const { stream, accepted } = link.open({
      headers: {
        ...{ ":method": isDownload ? "GET" : "POST", ":scheme": "https", ":authority": "x" },
        ":path": isDownload ? `${BANDWIDTH_PATH}?n=${BYTES}` : BANDWIDTH_PATH,
      },
      toward: "hop",
    });
    let received = 0;
    let isOver = false;
    stream.on("data", (chunk: Buffer) => (received += chunk.length)).once("end", () => (isOver = true));
    stream.end(isDownload ? undefined : Buffer.alloc(BYTES));
    await accepted;
    const startMs = clock.monotonicMs();
    while (!isOver) {
      // The sockets are real: a millisecond on the clock leaves them time to carry what it lets through.
      for (let turn = 0; turn < 10; turn += 1) await nextTurn();
      if (!isOver) clock.advance(1);
      assert.ok(isOver || !stream.destroyed, "the transfer was reset");
    }
    const elapsedMs = clock.monotonicMs() - startMs;
    if (isDownload) assert.equal(received, BYTES);
    // All but the first burst.
    assert.ok(elapsedMs > 0.8 * (BYTES / BYTES_PER_SECOND) * 1000, `${elapsedMs} ms`);
  });
}
