import assert from "node:assert/strict";
import { once } from "node:events";
import { get, request } from "node:http";
import { connect } from "node:net";
import { type TestContext, test } from "node:test";
import { nodeStatus } from "../../test/support/node-status.ts";
import { RecordingLogger } from "../../test/support/recording-logger.ts";
import type { HostPort } from "../core/network-address.ts";
import type { NodeStatus } from "../operation/node-status.ts";
import { API_LIMITS } from "./limits.ts";
import { MetricsServer } from "./metrics-server.ts";
import { METRICS } from "./metrics-table.ts";

interface Asked {
  readonly status: number | undefined;
  readonly type: string | undefined;
  readonly body: string;
}

async function start(t: TestContext, status: () => NodeStatus = () => nodeStatus()) {
  const logger = new RecordingLogger();
  const server = new MetricsServer({ status, logger }, { listen: { host: "127.0.0.1", port: 0 } });
  t.after(() => server.stop());
  return { server, logger, address: await server.start() };
}

function ask(at: HostPort, path: string, { method = "GET", host = `127.0.0.1:${at.port}` } = {}): Promise<Asked> {
  return new Promise((resolve, reject) => {
    const asked = request({ ...at, path, method, headers: { host }, agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      response.on("end", () => resolve({ status: response.statusCode, type: response.headers["content-type"], body }));
    });
    asked.on("error", reject).end();
  });
}

test("every figure is told, and those that have no value are left out", async (t) => {
  const warnings = [{ code: "WARN_BUSY", level: "warning", message: "m", remedy: "r" }] as const;
  const { address } = await start(t, () => nodeStatus({ warnings }));
  const { status, type, body } = await ask(address, "/metrics");
  assert.equal(status, 200);
  assert.equal(type, "text/plain; version=0.0.4; charset=utf-8");
  for (const { name, type: kind } of METRICS) assert.ok(body.includes(`# TYPE ${name} ${kind}\n`), name);
  for (const line of [
    'byway_node_serving_state{state="serving"} 1',
    'byway_node_serving_state{state="paused"} 0',
    'byway_egress_refusals_total{by="rule 1"} 301',
    'byway_egress_blocklist_state{list="drop",state="loaded"} 1',
    'byway_node_warning_state{code="WARN_BUSY",level="warning"} 1',
    "byway_egress_accepted_ports 2",
    "byway_operation_monthly_cap_bytes 200000000000",
    "byway_operation_received_bytes_total 42000000000",
    "byway_node_start_time_seconds 1794916800",
    "byway_node_load_ratio 0.31",
  ]) {
    assert.ok(body.includes(`\n${line}\n`), line);
  }
  const { bytesPerSecond: _, traffic, ...rest } = nodeStatus();
  const { monthlyCapBytes: __, ...uncapped } = traffic;
  const other = await start(t, () => ({ ...rest, traffic: uncapped, blocklists: [] }));
  const bare = (await ask(other.address, "/metrics")).body;
  for (const name of ["monthly_cap", "speed", "blocklist", "warning"]) assert.ok(!bare.includes(name), name);
});

test("neither peer ids nor hosts nor addresses are told", async (t) => {
  const { address } = await start(t);
  const { body } = await ask(address, "/metrics");
  assert.doesNotMatch(body, /12D3Koo|192\.0\.2\.10|0\.0\.0\.0|example/);
});

test("names tell room, what and unit, and only counters end in _total", () => {
  for (const { name, type, help, labels } of METRICS) {
    assert.match(name, /^byway_(node|link|egress|operation)_[a-z]+(_[a-z]+)+$/);
    assert.equal(name.endsWith("_total"), type === "counter", name);
    assert.match(help, /^[A-Z0-9][^|\n]*\.$/, name);
    for (const label of labels) assert.match(label, /^(version|role|state|code|level|by|list)$/);
  }
  assert.equal(new Set(METRICS.map(({ name }) => name)).size, METRICS.length);
});

test("ready is a node that takes new streams; healthy one that answers", async (t) => {
  let serving: NodeStatus["serving"] = { state: "serving" };
  const { address } = await start(t, () => nodeStatus({ serving }));
  assert.deepEqual(await ask(address, "/readyz"), { status: 200, type: "text/plain; charset=utf-8", body: "ok\n" });
  serving = { state: "closed", reason: "outside its hours" };
  assert.deepEqual(await ask(address, "/readyz"), {
    status: 503,
    type: "text/plain; charset=utf-8",
    body: "closed: outside its hours\n",
  });
  assert.equal((await ask(address, "/healthz")).status, 200);
});

for (const [host, status] of [
  ["127.0.0.1", 200],
  ["127.0.0.1:9464", 200],
  ["LOCALHOST:1", 200],
  ["[::1]:9464", 200],
  ["evil.example", 403],
  ["evil.example:9464", 403],
  ["127.0.0.1.evil.example", 403],
  ["localhost.evil.example", 403],
  ["192.0.2.1", 403],
] as const) {
  test(`who asks for ${host} gets ${status}`, async (t) => {
    const { address } = await start(t);
    for (const path of ["/metrics", "/healthz", "/readyz"]) {
      assert.equal((await ask(address, path, { host })).status, status);
    }
  });
}

test("other methods and pages are refused", async (t) => {
  const { address } = await start(t);
  assert.equal((await ask(address, "/metrics", { method: "POST" })).status, 405);
  assert.equal((await ask(address, "/v1/node")).status, 404);
  const head = await ask(address, "/metrics", { method: "HEAD" });
  assert.deepEqual([head.status, head.body], [200, ""]);
});

test("an address that others reach is refused", async () => {
  for (const host of ["0.0.0.0", "::", "192.0.2.1"]) {
    const server = new MetricsServer(
      { status: () => nodeStatus(), logger: new RecordingLogger() },
      { listen: { host, port: 0 } },
    );
    await assert.rejects(server.start(), { code: "ERR_CONFIG_EXPOSED" });
    await server.stop();
  }
});

test("a port that is taken is an error that says so", async (t) => {
  const { address } = await start(t);
  const second = new MetricsServer({ status: () => nodeStatus(), logger: new RecordingLogger() }, { listen: address });
  await assert.rejects(second.start(), { code: "ERR_LISTEN_IN_USE" });
  await second.stop();
});

test("a failure is told without its text, and logged", async (t) => {
  const { address, logger } = await start(t, () => {
    throw new Error("secret.example");
  });
  const { status, body } = await ask(address, "/metrics");
  assert.equal(status, 500);
  assert.equal(body, "ERR_INTERNAL\n");
  assert.equal(logger.lines.length, 1);
});

test("connections are bounded, and end with the server", async (t) => {
  const { server, address } = await start(t);
  const sockets = Array.from({ length: API_LIMITS.metricsConnections.value }, () => connect(address));
  await Promise.all(sockets.map((socket) => once(socket, "connect")));
  const refused = get({ ...address, path: "/healthz", agent: false });
  await once(refused, "error");
  const closing = sockets.map((socket) => once(socket.resume(), "close"));
  await server.stop();
  await Promise.all(closing);
});
