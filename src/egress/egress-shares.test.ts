import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { test } from "node:test";
import { someLink } from "../../test/support/some-link.ts";
import { withAbort } from "../core/abort.ts";
import { systemClock } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import { silentLogger } from "../core/logger.ts";
import { AddressGuard } from "./address-guard.ts";
import { Egress } from "./egress.ts";
import { ExitPolicy } from "./policy/exit-policy.ts";
import { parsePolicy } from "./policy/parse-policy.ts";

test("neither one link nor one network takes all look-ups or all UDP flows", { timeout: 20_000 }, async (t) => {
  const target = createSocket("udp4").bind(0, "127.0.0.1");
  await once(target, "listening");
  t.after(() => target.close());
  const here = { host: "127.0.0.1", port: target.address().port };
  const local = { addresses: ["127.0.0.1"], gateways: [], prefixes: [] };
  const out = new Egress(
    {
      clock: systemClock,
      logger: silentLogger,
      // A name server that never answers.
      resolver: { resolve: (_name, signal) => withAbort(new Promise(() => {}), signal) },
      guard: new AddressGuard({ local: () => local, listeners: () => [] }, { allowTargets: [here] }),
      policy: new ExitPolicy(parsePolicy(["accept *:*"])),
    },
    { maxPendingLookups: 20, maxUdpFlows: 20 },
  );
  t.after(() => out.stop());
  const never = new AbortController().signal;
  const leaving = new AbortController();
  const slow = { host: "slow.example", port: 80 };
  const hog = someLink(1, "198.51.100.7");
  const others = [someLink(2, "198.51.100.7"), someLink(3, "203.0.113.7")];

  const held = Array.from({ length: 20 }, () => out.connect(slow, leaving.signal, hog));
  const codes = Promise.all(held.map((waiting) => waiting.catch(({ code }: BywayError) => code)));
  await assert.rejects(out.openUdp(slow, never, hog), { code: "ERR_STREAM_LIMIT", message: /for other clients$/ });
  const served = others.map((link) => out.connect(slow, leaving.signal, link));
  leaving.abort(new BywayError("ERR_ABORTED", "gone"));
  for (const waiting of served) await assert.rejects(waiting, { code: "ERR_ABORTED" });
  assert.ok((await codes).filter((code) => code === "ERR_STREAM_LIMIT").length >= 7);

  const flows = await Promise.allSettled(Array.from({ length: 20 }, () => out.openUdp(here, never, hog)));
  assert.ok(flows.filter(({ status }) => status === "rejected").length >= 7);
  for (const link of others) await out.openUdp(here, never, link);
});
