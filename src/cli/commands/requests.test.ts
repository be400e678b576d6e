import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { type ControlFixture, makeControl } from "../../../test/support/control-fixture.ts";
import { EXPLAINED, shownPeer } from "../../../test/support/explained.ts";
import { type RunResult, runByway, temporaryDirectory } from "../../../test/support/run-byway.ts";
import type { Explanation } from "../../routing/explanation.ts";
import { noNodeError } from "../../routing/no-node.ts";

/** A client that runs, as far as commands can see, and a way to ask it. */
async function startControl(
  t: TestContext,
  pick: () => Explanation = () => EXPLAINED,
): Promise<ControlFixture & { run: (...args: readonly string[]) => Promise<RunResult> }> {
  const control = makeControl(t, { pick });
  await control.server.start();
  return { ...control, run: (...args) => runByway(t, [...args, "--data", control.dataDirectory]) };
}

function begin({ log }: ControlFixture, host = "secret.example"): string {
  const exit = { peerId: shownPeer("a"), country: "us" };
  const target = { host, port: 443 };
  const request = log.begin({ user: "al\u009bice", listener: "", target, protocol: "tcp", constraints: "country=us" });
  request.routed({ hops: [exit], exit }, [{ hop: 1, stage: "dial", ms: 4 }], EXPLAINED);
  return request.id;
}

test("requests lists what the running client did, and show explains one", async (t) => {
  const control = await startControl(t);
  begin(control, "first.example");
  const id = begin(control);
  const list = await control.run("requests");
  assert.deepEqual({ code: list.code, stderr: list.stderr }, { code: 0, stderr: "" });
  const rows = list.stdout.split("\n");
  assert.match(rows[0] ?? "", /^ago +id +exit +hops +took +up\/down +retries +outcome +asked +target$/);
  assert.match(rows[1] ?? "", new RegExp(` ${id} +us …aaaaaa +1 .* open +country=us +secret\\.example:443$`));
  assert.match(rows[2] ?? "", / first\.example:443$/);
  assert.match(
    list.stdout,
    /\n\nNo known node fitted, so the network was searched 5 times; 4 .* 2995 requests were refused/,
  );
  const shown = await control.run("requests", "show", id.toLowerCase());
  assert.equal(shown.code, 0, shown.stderr);
  assert.match(shown.stdout, /^asked by {3}al\\x9bice, through the library$/m);
  assert.match(shown.stdout, / {2}62\.5 % .* us AS7922 New York$/m);
});

test("with --json both print what was asked for, in one line without control characters", async (t) => {
  const control = await startControl(t);
  const ids = [begin(control), begin(control), begin(control)];
  const { stdout } = await control.run("requests", "--limit", "2", "--json");
  assert.match(stdout, /^\P{Cc}+\n$/u);
  const { requests, searches } = JSON.parse(stdout) as {
    requests: readonly { id: string; exit: object }[];
    searches: object;
  };
  assert.deepEqual(searches, { begun: 5, vain: 4, spared: 2_995 });
  assert.deepEqual(
    requests.map(({ id }) => id),
    ids.slice(1).reverse(),
  );
  assert.deepEqual(requests[0]?.exit, { peerId: shownPeer("a"), country: "us" });
  const shown = await control.run("requests", "show", ids[0] ?? "", "--json");
  const { request } = JSON.parse(shown.stdout) as { request: { explanation: object } };
  assert.deepEqual(request.explanation, EXPLAINED);
});

for (const [args, code, message] of [
  [["requests", "--limit", "0"], 64, /whole number from 1 to 1000/],
  [["requests", "shwo"], 64, /too many arguments|unknown command/],
  [["requests", "show", "AAAAAAAAAAAA"], 69, /no request AAAAAAAAAAAA is known \(ERR_REQUEST_UNKNOWN\)\n {2}List/],
  [["requests", "show", "../v1/pick"], 69, /ERR_REQUEST_UNKNOWN/],
  [["pick", "--port", "65536"], 64, /whole number from 1 to 65535/],
  [["pick", "--hops", "9"], 64, /ERR_PARAMETER_VALUE/],
] as const) {
  test(`byway ${args.join(" ")} ends with ${code}`, async (t) => {
    const { run } = await startControl(t);
    const result = await run(...args);
    assert.match(result.stderr, message);
    assert.equal(result.stdout, "");
    assert.equal(result.code, code);
  });
}

test("without a client requests says how to start one", async (t) => {
  const data = temporaryDirectory(t);
  const result = await runByway(t, ["requests", "--data", data]);
  assert.equal(result.code, 69);
  assert.match(result.stderr, /no byway up runs with the data directory \S+ \(ERR_CONTROL\)\n {2}Start `byway up`/);
});

test("pick asks the running client and prints what it says", async (t) => {
  const { run, asked } = await startControl(t);
  const text = await run("pick", "--country", "us", "--hops", "3", "--port", "443");
  assert.equal(text.code, 0, text.stderr);
  assert.match(text.stdout, /^As the client that runs here would choose now\.\n\nNodes that each constraint left:\n/);
  assert.deepEqual(asked, [{ constraints: { countries: ["us"], hops: 3 }, port: 443 }]);
  const json = await run("pick", "--json");
  assert.deepEqual(JSON.parse(json.stdout), { source: "running", explanation: EXPLAINED });
});

test("pick that finds no node prints the funnel as an error and ends with 69", async (t) => {
  const funnel = [
    { left: 12, what: "nodes" },
    { left: 0, what: "in zz" },
  ];
  const { run } = await startControl(t, () => {
    throw noNodeError("country=zz", funnel);
  });
  const text = await run("pick", "--country", "aq");
  assert.deepEqual({ code: text.code, stdout: text.stdout }, { code: 69, stdout: "" });
  assert.match(
    text.stderr,
    /^Nodes that each constraint left:\n {4}12 {2}nodes {2}#+\n {5}0 {2}in zz\n\nbyway: no node/,
  );
  const json = await run("pick", "--country", "aq", "--json");
  assert.equal(json.code, 69);
  const { error } = JSON.parse(json.stderr) as { error: { code: string; data: object } };
  assert.equal(error.code, "ERR_NO_NODE");
  assert.deepEqual(error.data, { constraint: "country=zz", funnel });
});

test("pick without a client looks at what is stored", async (t) => {
  const data = temporaryDirectory(t);
  const result = await runByway(t, ["pick", "--data", data]);
  assert.equal(result.code, 69);
  assert.match(result.stderr, /^Nodes that each constraint left:\n {5}0 {2}nodes\n\nbyway: no nodes are known yet/);
});
