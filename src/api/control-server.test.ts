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
  watch,
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
  await assert.rejects(second.server.start(), isControlError(/^another byway up runs with the data directory \/\S+$/));
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
  await assert.rejects(server.start(), { code: "ERR_DATA_DIRECTORY", message: /cannot be made \(E[A-Z]+\)$/ });
});

test("a socket that finds no place for temporary files says so, not that another process has it", UNIX, async (t) => {
  const dataDirectory = longDirectory(t);
  process.env.TMPDIR = join(process.env.TMPDIR ?? "", "missing");
  const { server } = makeControl(t, { dataDirectory });
  await assert.rejects(server.start(), { code: "ERR_TEMPORARY_DIRECTORY", message: /\/missing \(ENOENT\)$/ });
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

/** Settles when `isTrue` holds after something in `directory` has changed. */
function changed(directory: string, isTrue: () => boolean, harm: () => void): Promise<void> {
  return new Promise((resolve) => {
    const watcher = watch(directory, { persistent: false }, () => {
      if (!isTrue()) return;
      watcher.close();
      resolve();
    });
    harm();
  });
}

test("a lock and a socket that are removed while they are held are made again", UNIX, async (t) => {
  t.after(() => clearTimeout(late));
  const late = setTimeout(() => assert.fail("nothing was made again within 20 s"), 20_000);
  for (const dataDirectory of [temporaryDirectory(t), longDirectory(t)]) {
    const { server, path, logger } = makeControl(t, { dataDirectory });
    await server.start();
    const socket = (): string => (existsSync(`${path}.path`) ? pointedTo(path) : path);
    const first = statSync(socket()).ino;
    const isMended = (): boolean =>
      existsSync(`${path}.lock`) && existsSync(socket()) && statSync(socket()).ino !== first;
    await changed(dataDirectory, isMended, () => {
      rmSync(`${path}.lock`);
      rmSync(socket());
      rmSync(`${path}.path`, { force: true });
    });
    assert.deepEqual(await clientOf(path).requests(1), []);
    await assert.rejects(makeControl(t, { dataDirectory }).server.start(), isControlError(/another byway up/));
    assert.deepEqual(await clientOf(path).requests(1), []);
    await server.stop();
    assert.deepEqual(readdirSync(dataDirectory), ["control.sock.lock"]);
    assert.equal(logger.lines.filter((line) => line.startsWith("error")).length, 0);
  }
});

/** The socket that the data directory's pointer names. */
function pointedTo(path: string): string {
  return readFileSync(`${path}.path`, "utf8").trim();
}

test(
  "a data directory with a long path has its socket in a place of chance that only its owner can enter",
  UNIX,
  async (t) => {
    const dataDirectory = longDirectory(t);
    const { server, path } = makeControl(t, { dataDirectory });
    await assert.rejects(clientOf(path).requests(1), isControlError(/no byway up runs/));
    await server.start();
    const socket = pointedTo(path);
    assert.ok(Buffer.byteLength(socket) <= API_LIMITS.controlPathBytes.value);
    assert.equal(dirname(dirname(socket)), process.env.TMPDIR);
    assert.equal(statSync(dirname(socket)).mode & 0o777, 0o700);
    assert.equal(statSync(`${path}.path`).mode & 0o777, 0o600);
    assert.deepEqual(await clientOf(path).requests(1), []);
    await server.stop();
    assert.deepEqual(readdirSync(dataDirectory), ["control.sock.lock"]);
    assert.deepEqual(readdirSync(process.env.TMPDIR ?? ""), []);
  },
);

test("the lock of a data directory and the way to its socket do not depend on who asks", UNIX, async (t) => {
  const dataDirectory = longDirectory(t);
  const first = makeControl(t, { dataDirectory });
  await first.server.start();
  process.env.TMPDIR = temporaryDirectory(t);
  assert.deepEqual(await clientOf(first.path).requests(1), []);
  const second = makeControl(t, { dataDirectory });
  await assert.rejects(second.server.start(), isControlError(/^another byway up runs with the data directory \/\S+$/));
  assert.deepEqual(await clientOf(first.path).requests(1), []);
});

test("a client with a long path that was killed leaves no hindrance and nothing behind", UNIX, async (t) => {
  const dataDirectory = longDirectory(t);
  const { server, path } = makeControl(t, { dataDirectory });
  const child = await startProcess(t, path);
  await assert.rejects(makeControl(t, { dataDirectory }).server.start(), isControlError(/another byway up/));
  await killed(child);
  const left = pointedTo(path);
  await assert.rejects(clientOf(path).requests(1), isControlError(/no byway up runs/));
  await server.start();
  assert.notEqual(pointedTo(path), left);
  assert.ok(!existsSync(dirname(left)));
  assert.deepEqual(await clientOf(path).requests(1), []);
});

test("a place that others made or can enter is neither asked nor touched", UNIX, async (t) => {
  const dataDirectory = longDirectory(t);
  const { server, path } = makeControl(t, { dataDirectory });
  const place = join(process.env.TMPDIR ?? "", "byway-abcdef");
  const socket = join(place, "control.sock");
  mkdirSync(place);
  writeFileSync(socket, "precious");
  writeFileSync(`${path}.path`, `${socket}\n`);
  chmodSync(place, 0o755);
  await assert.rejects(clientOf(path).requests(1), isControlError(/no byway up runs/));
  await server.start();
  assert.notEqual(pointedTo(path), socket);
  assert.equal(readFileSync(socket, "utf8"), "precious");
  assert.deepEqual(await clientOf(path).requests(1), []);
});

test("a socket that a cleaner removed does not make its owner look gone", UNIX, async (t) => {
  for (const dataDirectory of [temporaryDirectory(t), longDirectory(t)]) {
    const { path } = makeControl(t, { dataDirectory });
    const child = await startProcess(t, path);
    // So that it does not mend it meanwhile.
    child.kill("SIGSTOP");
    rmSync(existsSync(path) ? path : dirname(pointedTo(path)), { recursive: true });
    await assert.rejects(
      clientOf(path).requests(1),
      isControlError(/a byway up runs .* its socket is gone, or hidden from here: restart the client/),
    );
    await assert.rejects(makeControl(t, { dataDirectory }).server.start(), isControlError(/another byway up/));
    await killed(child);
    await assert.rejects(clientOf(path).requests(1), isControlError(/no byway up runs/));
  }
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

test("a process that exits before it has stopped leaves no socket, and no place of one", UNIX, async (t) => {
  for (const dataDirectory of [temporaryDirectory(t), longDirectory(t)]) {
    const path = join(dataDirectory, "control.sock");
    const child = await startProcess(t, path);
    const socket = existsSync(`${path}.path`) ? pointedTo(path) : path;
    assert.ok(existsSync(socket));
    const closed = once(child, "close");
    child.kill("SIGTERM");
    assert.deepEqual(await closed, [0, null]);
    assert.deepEqual(readdirSync(dataDirectory), ["control.sock.lock"]);
    assert.equal(existsSync(socket) || (socket !== path && existsSync(dirname(socket))), false);
  }
});
