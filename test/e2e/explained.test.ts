import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import type { RequestRecord } from "../../src/dispatch/request-record.ts";
import type { Explanation } from "../../src/routing/explanation.ts";
import { runByway, startByway } from "../support/run-byway.ts";
import { curl, withoutPrograms } from "../support/run-program.ts";

interface Demo {
  readonly address: string;
  readonly data: string;
  readonly nodes: readonly { readonly peerId: string; readonly country: string }[];
  readonly target: { readonly http: string };
}

test("pick and requests explain what a running client chose", { skip: withoutPrograms("curl") }, async (t) => {
  const { child, firstLine, finished } = startByway(t, ["demo", "--json", "--listen", "127.0.0.1:0"]);
  const demo = JSON.parse(await firstLine) as Demo;
  const ask = async (...args: readonly string[]) => runByway(t, [...args, "--data", demo.data, "--json"]);
  assert.equal(demo.nodes.length, 12);

  // Afterwards the client knows of three nodes at least, one of them in the us.
  const proxy = `http://country-us-session-a1-hops-3:@${demo.address}`;
  const { stdout } = await curl(["-x", proxy, "-H", "byway-debug: 1", "-i", demo.target.http]);

  const picked = await ask("pick", "--country", "us", "--hops", "3", "--port", "80");
  assert.equal(picked.code, 0, picked.stderr);
  const { source, explanation } = JSON.parse(picked.stdout) as { source: string; explanation: Explanation };
  assert.equal(source, "running");
  const [nodes, exits, inUs] = explanation.funnel;
  assert.deepEqual([nodes?.what, exits?.what, inUs?.what], ["nodes", "exits", "in us"]);
  assert.ok((nodes?.left ?? 0) >= 3 && [1, 2].includes(inUs?.left ?? 0), JSON.stringify(explanation.funnel));
  assert.equal(explanation.hops.length, 3);
  const exit = demo.nodes.find(({ peerId }) => peerId === explanation.hops[2]?.peerId);
  assert.equal(exit?.country, "us");
  const shares = explanation.candidates.map(({ share }) => share);
  assert.ok(Math.abs(shares.reduce((sum, share) => sum + share, 0) - 1) < 1e-6, String(shares));

  const none = await ask("pick", "--country", "us", "--city", "berlin");
  assert.equal(none.code, 69);
  assert.match(none.stderr, /0 in city berlin/);

  const id = /^byway-request-id: (\w+)\r$/m.exec(stdout)?.[1] ?? "";
  const listed = JSON.parse((await ask("requests")).stdout) as { readonly requests: readonly { id: string }[] };
  assert.equal(listed.requests[0]?.id, id);
  const shown = JSON.parse((await ask("requests", "show", id)).stdout) as { readonly request: RequestRecord };
  const { request } = shown;
  assert.equal(request.route?.hops.length, 3);
  assert.equal(request.explanation?.hops[2]?.rule, "session");
  assert.ok(request.timings.some(({ stage }) => stage === "handshake"));
  assert.ok(request.sentBytes > 0 && request.receivedBytes > 0);
  assert.equal((await ask("requests", "show", "AAAAAAAAAAAA")).code, 69);

  child.kill("SIGINT");
  assert.equal((await finished).code, 130);
  assert.equal(existsSync(demo.data), false);
});
