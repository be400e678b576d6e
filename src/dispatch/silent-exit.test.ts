import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { createServer } from "node:tls";
import { hopOf, onlyHops } from "../../test/support/hops.ts";
import { roomyBudget } from "../../test/support/roomy-budget.ts";
import { tcpDialler } from "../../test/support/tcp-dialler.ts";
import { CircuitBuilder } from "../circuit/circuit-builder.ts";
import { systemClock } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import { systemRandom } from "../core/random.ts";
import { createCertificate } from "../identity/certificate.ts";
import { generateIdentity } from "../identity/identity.ts";
import { directTo } from "../link/direct-way.ts";
import { serverTls } from "../link/tls-profile.ts";
import { Observer } from "../trust/observer.ts";

test("an exit that never sends its settings does not hold an opening of datagrams for ever", async () => {
  const identity = generateIdentity();
  const { certPem, keyPem } = await createCertificate(identity, systemClock, systemRandom);
  const server = createServer(serverTls(certPem, keyPem, {}), (socket) => socket.on("error", () => {}).resume());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  const at = { host: "127.0.0.1", port: address.port };
  const builder = new CircuitBuilder({
    observer: new Observer({ clock: systemClock }),
    clock: systemClock,
    random: systemRandom,
    budget: roomyBudget(),
    dialler: tcpDialler(),
  });
  const circuit = await builder.build(onlyHops([{ ...hopOf(identity), ways: [directTo(at)] }]));
  const controller = new AbortController();
  const opening = circuit.openDatagrams({ host: "target.example", port: 53 }, { signal: controller.signal });
  controller.abort(new BywayError("ERR_ABORTED", "changed my mind"));
  await assert.rejects(opening, { code: "ERR_ABORTED" });
  const other = circuit.openDatagrams({ host: "target.example", port: 53 });
  circuit.destroy();
  await assert.rejects(other, { code: "ERR_HOP_LOST" });
  await circuit.closed;
  server.close();
});
