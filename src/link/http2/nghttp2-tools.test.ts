import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { type TestContext, test } from "node:test";
import { ourEnd } from "../../../test/support/http2-ends.ts";
import { runProgram } from "../../../test/support/run-program.ts";
import { fieldOf } from "./message-fields.ts";

/* The programs of nghttp2 (Debian: nghttp2-client) at a server of ours, without TLS. */

function lacks(program: string): string | false {
  return spawnSync(program, ["--version"]).error === undefined
    ? false
    : `${program} is missing: install nghttp2-client`;
}

/** A server that answers GET with as many bytes as the path says, and POST with what came. */
async function serve(t: TestContext, window = 1 << 20): Promise<string> {
  const server = createServer((socket) => {
    ourEnd(socket, { role: "server", initialWindowBytes: window }, (stream, fields) => {
      stream.respond([":status", "200"]);
      if (fieldOf(fields, ":method") === "POST") stream.pipe(stream);
      else stream.resume().end(Buffer.alloc(Number(fieldOf(fields, ":path")?.slice(1)), 7));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("h2load: many streams on some connections, none fails", { skip: lacks("h2load"), timeout: 30_000 }, async (t) => {
  const url = await serve(t);
  const { stdout } = await runProgram("h2load", ["-n2000", "-c4", "-m50", "-t1", `${url}/3000`]);
  assert.match(stdout, /2000 total, 2000 started, 2000 done, 2000 succeeded, 0 failed, 0 errored, 0 timeout/);
  assert.match(stdout, /status codes: 2000 2xx/);
});

test("h2load: large bodies through narrow windows", { skip: lacks("h2load"), timeout: 30_000 }, async (t) => {
  const url = await serve(t);
  const { stdout } = await runProgram("h2load", ["-n20", "-c2", "-m5", "-t1", "-w14", "-W15", `${url}/1000000`]);
  assert.match(stdout, /20 succeeded, 0 failed, 0 errored/);
  assert.match(stdout, /\(20000000\) data/);
});

test("nghttp: bodies both ways, padding, a window of 4,096", { skip: lacks("nghttp"), timeout: 30_000 }, async (t) => {
  const url = await serve(t, 4_096);
  const { stdout } = await runProgram("nghttp", ["-nv", "-b200", "-d/proc/self/exe", "-m3", `${url}/`]);
  assert.equal(stdout.match(/:status: 200/g)?.length, 3);
  assert.equal(stdout.match(/recv DATA frame <length=\d+, flags=0x01/g)?.length, 3);
  assert.doesNotMatch(stdout, /RST_STREAM/);
});
