import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { suite, test } from "node:test";
import { FakeClock } from "../core/fake-clock.ts";
import { CLI_LIMITS } from "./limits.ts";
import { LossyOutput, type OutputSink, streamSink } from "./lossy-output.ts";

const { waitingOutputBytes, outputRetryMs } = CLI_LIMITS;

/** A sink that takes what there is room for. */
function setUp() {
  const clock = new FakeClock();
  const taken: string[] = [];
  const sink = {
    room: Number.POSITIVE_INFINITY,
    take(bytes: Uint8Array): number {
      const count = Math.min(this.room, bytes.length);
      this.room -= count;
      if (count > 0) taken.push(Buffer.from(bytes.subarray(0, count)).toString());
      return count;
    },
  } satisfies OutputSink & { room: number };
  const output = new LossyOutput({ clock, sink }, { lostLine: (count) => `lost ${count}\n` });
  return { clock, sink, output, text: () => taken.join("") };
}

suite("output that nobody may hold up", () => {
  test("is written at once, and in order once more is taken", () => {
    const { clock, sink, output, text } = setUp();
    output.write("one\n");
    assert.equal(text(), "one\n");
    sink.room = 2;
    output.write("two\n");
    output.write("three\n");
    assert.equal(text(), "one\ntw");
    sink.room = 4;
    clock.advance(outputRetryMs.value);
    assert.equal(text(), "one\ntwo\nth");
    sink.room = Number.POSITIVE_INFINITY;
    output.write("four\n");
    assert.equal(text(), "one\ntwo\nthree\nfour\n");
    assert.equal(clock.pending, 0);
  });

  test("is dropped by whole texts beyond a bound, and how many is told where they are missing", () => {
    const { clock, sink, output, text } = setUp();
    sink.room = 0;
    const line = `${"x".repeat(1_023)}\n`;
    for (let n = 0; n < 3 * (waitingOutputBytes.value / 1_024); n += 1) output.write(line);
    sink.room = 1_024;
    output.write("short\n");
    sink.room = Number.POSITIVE_INFINITY;
    clock.advance(outputRetryMs.value);
    output.write("after\n");
    const kept = waitingOutputBytes.value / 1_024;
    assert.equal(text(), `${line.repeat(kept)}lost ${2 * kept + 1}\nafter\n`);
    assert.equal(clock.pending, 0);
  });

  test("waits for nothing when it ends", () => {
    const { clock, sink, output, text } = setUp();
    sink.room = 1;
    output.write("one\n");
    output.end();
    output.end();
    assert.equal(text(), "o");
    assert.equal(clock.pending, 0);
  });
});

test("a pipe that nobody reads is asked how much waits in it, and given no more", () => {
  const stream = {
    writableLength: 0,
    destroyed: false,
    write(bytes: unknown) {
      stream.writableLength += (bytes as Uint8Array).length;
      return false;
    },
  };
  const sink = streamSink(stream);
  const bytes = Buffer.alloc(1_000);
  for (let n = 0; n < 1_000; n += 1) sink.take(bytes);
  assert.ok(stream.writableLength < waitingOutputBytes.value + bytes.length);
  assert.equal(sink.take(bytes), 0);
  stream.destroyed = true;
  assert.equal(sink.take(bytes), bytes.length);
});

// Writes a megabyte to a terminal that nobody reads, says on standard output that it goes on, and ends when it is told.
const CHILD = `
  const { LossyOutput, terminalSink } = await import(process.argv[1]);
  const { systemClock } = await import(process.argv[2]);
  const sink = terminalSink(2);
  const output = new LossyOutput({ clock: systemClock, sink }, { lostLine: (count) => "lost " + count + "\\n" });
  for (let n = 0; n < 10_000; n += 1) output.write("x".repeat(100) + "\\n");
  process.stdout.write("goes on\\n");
  process.stdin.resume().on("end", () => process.exit());
`;
const PARENT = `
import os, pty, subprocess, sys, tty
master, slave = pty.openpty()
tty.setraw(slave)
child = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=slave)
os.close(slave)
print(child.stdout.readline().decode().strip(), flush=True)
text = b""
while b"lost " not in text or not text.endswith(b"\\n"):
    text += os.read(master, 65536)
print(text.decode().split("\\n")[-2], os.get_blocking(master))
child.stdin.close()
child.wait()
`;
const hasPython = spawnSync("python3", ["-c", "import pty"]).status === 0;

test("a terminal that nobody reads does not hold up who writes to it, and shows the rest when it is read", {
  skip: hasPython && process.platform === "linux" ? false : "needs python3 with pty, on Linux",
}, () => {
  const modules = ["./lossy-output.ts", "../core/clock.ts"].map((path) => new URL(path, import.meta.url).href);
  const node = [process.execPath, "--input-type=module", "-e", CHILD, ...modules];
  const { stdout, stderr } = spawnSync("python3", ["-c", PARENT, ...node], { timeout: 30_000, encoding: "utf8" });
  assert.match(stdout, /^goes on\nlost \d+ True\n$/, stderr);
});
