import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { type TestContext, test } from "node:test";
import { type RunningCommand, startByway, temporaryDirectory } from "../support/run-byway.ts";

const skip = process.platform === "linux" ? false : "limits of Linux";

/** A relay that may have so many files open. */
function startRelay(t: TestContext, files: number): RunningCommand {
  const data = temporaryDirectory(t);
  const within = ["/bin/sh", "-c", `ulimit -n ${files}; exec "$@"`, "sh"];
  const args = [
    "node",
    "--relay",
    "--listen",
    "127.0.0.1:0",
    "--local-network",
    "--data",
    data,
    "--contact",
    "a@b.example",
  ];
  return startByway(t, args, { within });
}

/** Settles when standard error has said `pattern`. */
function saidBy({ child, finished }: RunningCommand, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stderr?.on("data", (more: string) => {
      text += more;
      if (pattern.test(text)) resolve(text);
    });
    finished.then(({ stderr }) => reject(new Error(`it ended: ${stderr}`)), reject);
  });
}

test("a node that may open too few files to start names descriptors, not the disk", {
  skip,
  timeout: 60_000,
}, async (t) => {
  const { code, stderr } = await startRelay(t, 32).finished;
  assert.match(stderr, /\(ERR_DESCRIPTORS\)\n {2}Allow more open files/);
  assert.equal(code, 69);
});

test("a node that runs out of descriptors says so once, and serves again", { skip, timeout: 60_000 }, async (t) => {
  const node = startRelay(t, 64);
  const [, port] = / at 127\.0\.0\.1:(\d+)/.exec(await node.firstLine) ?? [];
  const said = saidBy(node, /no file descriptor left/);
  // From many networks, since one may not have so many.
  const sockets = Array.from({ length: 100 }, (_, n) =>
    connect({ host: "127.0.0.1", port: Number(port), localAddress: `127.${n + 1}.0.1` }).on("error", () => {}),
  );
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  assert.equal((await said).split("no file descriptor left").length, 2);
  // The node has given back what it had when it has closed its side.
  const closed = sockets.map((socket) => socket.closed || once(socket.resume().end(), "close"));
  await Promise.all(closed);
  const late = connect({ host: "127.0.0.1", port: Number(port) });
  t.after(() => late.destroy());
  late.on("error", () => {});
  late.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
  const answer = await new Promise<string>((resolve) => late.once("data", (bytes) => resolve(String(bytes))));
  assert.match(answer, /^HTTP\/1\.1 200/);
  node.child.kill("SIGKILL");
  await node.finished;
});
