import assert from "node:assert/strict";
import { test } from "node:test";
import { serveTcp } from "../../test/support/tcp-server.ts";
import { formatHostPort } from "../core/network-address.ts";
import { checkPort } from "./check-port.ts";

test("a taken port is an error that names it, and a free one passes", async (t) => {
  const { address } = await serveTcp(t, () => {});
  await assert.rejects(checkPort(address), { code: "ERR_LISTEN_IN_USE", data: { listen: formatHostPort(address) } });
  await checkPort({ host: address.host, port: 0 });
});
