import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { RecordingLogger } from "../../test/support/recording-logger.ts";
import { temporaryDirectory } from "../../test/support/run-byway.ts";
import { answerWith } from "./answer-page.ts";
import { ControlServer } from "./control-server.ts";
import { API_LIMITS } from "./limits.ts";
import { json, type Page } from "./page.ts";

const UNIX = process.platform === "win32" ? { skip: "sockets of the file system" } : {};

const ECHO: Page<unknown> = {
  method: "POST",
  path: "/v1/echo",
  params: {},
  body: (value) => value,
  principal: "owner",
  answer: (_shown, { body, principal }) => json({ body, principal }),
};

/** A control server with one page that takes a body, and the errors of reading bodies. */
async function start(t: TestContext) {
  const path = join(temporaryDirectory(t), "control.sock");
  const broken = Promise.withResolvers<string>();
  const answer = answerWith([ECHO], () => undefined);
  const server = new ControlServer(
    {
      logger: new RecordingLogger(),
      answer: (question) => {
        const readBody = (): Promise<string> =>
          question.readBody().catch((error: Error) => {
            broken.resolve(error.message);
            throw error;
          });
        return answer({ ...question, readBody });
      },
    },
    { path },
  );
  t.after(() => server.stop());
  await server.start();
  return { path, broken: broken.promise };
}

async function post(socketPath: string, body: string): Promise<{ status: number | undefined; told: unknown }> {
  const asked = request({ socketPath, path: "/v1/echo", method: "POST", agent: false });
  asked.end(body);
  const [response] = await once(asked, "response");
  let text = "";
  for await (const chunk of response) text += chunk;
  return { status: response.statusCode, told: JSON.parse(text) };
}

test("a body arrives over the socket, from the owner, up to a bound", UNIX, async (t) => {
  const { path } = await start(t);
  const most = API_LIMITS.controlBodyBytes.value;
  const longest = "x".repeat(most - 2);
  assert.deepEqual(await post(path, JSON.stringify(longest)), {
    status: 200,
    told: { body: longest, principal: "owner" },
  });
  const { status, told } = await post(path, JSON.stringify(`${longest}x`));
  const { error } = told as { error: { code: string; message: string } };
  assert.deepEqual(
    [status, error.code, error.message],
    [400, "ERR_CONTROL_REQUEST", `the body is longer than ${most} bytes`],
  );
});

test("a body that does not come whole is not taken for one", UNIX, async (t) => {
  const { path, broken } = await start(t);
  const socket = connect(path);
  socket.write("POST /v1/echo HTTP/1.1\r\nhost: x\r\ncontent-length: 6\r\n\r\n123");
  await once(socket, "connect");
  socket.end();
  assert.equal(await broken, "the body did not come whole");
  socket.destroy();
});
