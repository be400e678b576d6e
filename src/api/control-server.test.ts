import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { request } from "node:http";
import { connect, type Socket } from "node:net";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { makeControl } from "../../test/support/control-fixture.ts";
import { EXPLAINED } from "../../test/support/explained.ts";
import { temporaryDirectory } from "../../test/support/run-byway.ts";
import { BywayError } from "../core/errors.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { ControlClient } from "./control-client.ts";
import { controlPath } from "./control-path.ts";
import { API_LIMITS } from "./limits.ts";

const PROGRAM = fileURLToPath(new URL("../../test/support/control-process.ts", import.meta.url));
const UNIX = process.platform === "win32" ? { skip: "sockets of the file system" } : {};
const FIELDS = {
  user: "alice",
  listener: "127.0.0.1:1080",
  target: { host: "secret.example", port: 443 },
  protocol: "tcp",
  constraints: "",
} as const;

function clientOf(path: string): ControlClient {
  return new ControlClient({ clock: new FakeClock() }, { path });
}

function isControlError(pattern: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof BywayError && error.code === "ERR_CONTROL" && pattern.test(error.message);
}

/** A process that answers at `path`. */
async function startProcess(t: TestContext, path: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [PROGRAM, path], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  await once(child.stdout, "data");
  return child;
}

async function killed(child: ChildProcess): Promise<void> {
  const closed = once(child, "close");
  child.kill("SIGKILL");
  await closed;
}

test("what the log and routing know is told over the socket, and not in the log", async (t) => {
  const { server, log, logger, path, asked } = makeControl(t, { pick: () => EXPLAINED });
  await server.start();
  const client = clientOf(path);
  const { id } = log.begin(FIELDS);
  log.begin(FIELDS).ended(new BywayError("ERR_TARGET_REFUSED", "refused"));
  assert.deepEqual(
    (await client.requests(10)).map(({ target, state, error }) => [target, state, error]),
    [
      ["secret.example:443", "failed", "ERR_TARGET_REFUSED"],
      ["secret.example:443", "opening", null],
    ],
  );
  assert.equal((await client.requests(1)).length, 1);
  assert.deepEqual(await client.request(id.toLowerCase()), log.get(id));
  await assert.rejects(client.request("../x"), { code: "ERR_REQUEST_UNKNOWN" });
  const query = { constraints: { countries: ["us"], hops: 3 }, port: 443, protocol: "udp", user: "ann" } as const;
  assert.deepEqual(await client.pick(query), EXPLAINED);
  assert.deepEqual(asked, [query]);
  assert.deepEqual(logger.lines, []);
});

test("the socket is its owner's alone, and gone after a stop", UNIX, async (t) => {
  const { server, path, dataDirectory } = makeControl(t);
  await server.start();
  await server.start();
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(dataDirectory), ["control.sock", "control.sock.lock"]);
  await server.stop();
  await server.stop();
  assert.deepEqual(readdirSync(dataDirectory), ["control.sock.lock"]);
  assert.equal(statSync(`${path}.lock`).mode & 0o777, 0o600);
  await assert.rejects(clientOf(path).requests(1), isControlError(/no byway up runs/));
});

test("a second client with the same data directory is refused, and the first goes on", async (t) => {
  const first = makeControl(t);
  await first.server.start();
  const second = makeControl(t, { dataDirectory: first.dataDirectory });
  await assert.rejects(second.server.start(), isControlError(/^another byway up runs with this data directory$/));
  await second.server.stop();
  assert.deepEqual(await clientOf(first.path).requests(1), []);
});

test("a client that was killed leaves no hindrance", UNIX, async (t) => {
  const { server, path, dataDirectory } = makeControl(t);
  const child = await startProcess(t, path);
  await assert.rejects(makeControl(t, { dataDirectory }).server.start(), isControlError(/another byway up/));
  await killed(child);
  assert.ok(existsSync(path), "a killed process leaves its socket");
  await assert.rejects(clientOf(path).requests(1), isControlError(/no byway up runs/));
  await server.start();
  assert.deepEqual(await clientOf(path).requests(1), []);
  assert.deepEqual(readdirSync(dataDirectory), ["control.sock", "control.sock.lock"]);
});

test("of eight that find a socket left behind, one gets it", UNIX, async (t) => {
  for (let round = 0; round < 5; round++) {
    const { path, dataDirectory } = makeControl(t);
    await killed(await startProcess(t, path));
    const servers = Array.from({ length: 8 }, () => makeControl(t, { dataDirectory }).server);
    const starts = await Promise.allSettled(servers.map((server) => server.start()));
    assert.equal(starts.filter(({ status }) => status === "fulfilled").length, 1);
    assert.deepEqual(await clientOf(path).requests(1), []);
    assert.deepEqual(readdirSync(dataDirectory), ["control.sock", "control.sock.lock"]);
  }
});

test("a client whose lock somebody removed is not pushed aside", UNIX, async (t) => {
  const first = makeControl(t);
  await first.server.start();
  rmSync(`${first.path}.lock`);
  const second = makeControl(t, { dataDirectory: first.dataDirectory });
  await assert.rejects(second.server.start(), isControlError(/another byway up/));
  assert.deepEqual(await clientOf(first.path).requests(1), []);
});

test("one that was stopped can be followed by another", async (t) => {
  const first = makeControl(t);
  await first.server.start();
  await first.server.stop();
  const second = makeControl(t, { dataDirectory: first.dataDirectory });
  await second.server.start();
  assert.deepEqual(await clientOf(first.path).requests(1), []);
});

test("a stop while it starts leaves nothing", UNIX, async (t) => {
  const { server, dataDirectory } = makeControl(t);
  const starting = server.start();
  await server.stop();
  await starting;
  assert.deepEqual(readdirSync(dataDirectory), ["control.sock.lock"]);
  await makeControl(t, { dataDirectory }).server.start();
});

test("what is no socket is left as it is", UNIX, async (t) => {
  const file = makeControl(t);
  writeFileSync(file.path, "precious");
  await assert.rejects(file.server.start(), isControlError(/it is no socket/));
  assert.equal(readFileSync(file.path, "utf8"), "precious");
  // Nothing is held that would hinder the next one.
  rmSync(file.path);
  await makeControl(t, { dataDirectory: file.dataDirectory }).server.start();
  const other = makeControl(t);
  symlinkSync(file.path, other.path);
  await assert.rejects(other.server.start(), isControlError(/it is no socket/));
});

test("a data directory that is not there is an error that says so", UNIX, async (t) => {
  const { server } = makeControl(t, { dataDirectory: join(temporaryDirectory(t), "missing") });
  await assert.rejects(server.start(), isControlError(/cannot be made \(E[A-Z]+\)/));
});

/** A data directory whose path is too long for a socket, and a place for temporary files of the test's own. */
function longDirectory(t: TestContext): string {
  const { TMPDIR } = process.env;
  t.after(() => {
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
  });
  const directory = join(temporaryDirectory(t), "long".repeat(25));
  mkdirSync(directory);
  process.env.TMPDIR = temporaryDirectory(t);
  return directory;
}

test("a data directory with a long path has its socket in a place that only its owner can enter", UNIX, async (t) => {
  const dataDirectory = longDirectory(t);
  const { server, path } = makeControl(t, { dataDirectory });
  assert.ok(Buffer.byteLength(path) <= API_LIMITS.controlPathBytes.value);
  assert.equal(dirname(dirname(path)), process.env.TMPDIR);
  assert.notEqual(controlPath(`${dataDirectory}x`, "control"), path);
  await assert.rejects(clientOf(path).requests(1), isControlError(/no byway up runs/));
  await server.start();
  assert.equal(statSync(dirname(path)).mode & 0o777, 0o700);
  assert.deepEqual(await clientOf(path).requests(1), []);
});

test("a place that others can enter is used by neither end", UNIX, async (t) => {
  const { server, path } = makeControl(t, { dataDirectory: longDirectory(t) });
  mkdirSync(dirname(path));
  chmodSync(dirname(path), 0o755);
  await assert.rejects(server.start(), isControlError(/open to other users/));
  await assert.rejects(clientOf(path).requests(1), isControlError(/open to other users/));
});

test("connections are bounded, and those that are open end with the server", UNIX, async (t) => {
  const { server, path } = makeControl(t);
  await server.start();
  const sockets = await Promise.all(
    Array.from({ length: API_LIMITS.controlConnections.value }, async () => {
      const socket = connect(path);
      await once(socket, "connect");
      return socket;
    }),
  );
  const closing = sockets.map((socket) => once(socket.resume(), "close"));
  const tooMany: Socket = connect(path);
  tooMany.on("error", () => {});
  await once(tooMany.resume(), "close");
  assert.ok(sockets.every((socket) => !socket.closed));
  await server.stop();
  await Promise.all(closing);
});

test("a head that is too large is refused", async (t) => {
  const { server, path } = makeControl(t);
  await server.start();
  const asked = request({ socketPath: path, path: "/v1/requests", headers: { filler: "x".repeat(20_000) } });
  asked.end();
  const [response] = (await once(asked, "response")) as [{ statusCode: number; resume(): void }];
  response.resume();
  assert.equal(response.statusCode, 431);
});
