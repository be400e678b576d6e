import assert from "node:assert/strict";
import { type Duplex, duplexPair } from "node:stream";
import { test } from "node:test";
import { collect } from "../../test/support/collect.ts";
import { systemClock } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import type { HostPort } from "../core/network-address.ts";
import type { IncomingStream } from "../link/incoming-stream.ts";
import { RelayService } from "./relay-service.ts";

const endpoints = [1, 2, 3, 4].map((port) => ({ host: "192.0.2.1", port }));

function relay(dialHop: (endpoint: HostPort) => Promise<Duplex>) {
  const service = new RelayService({
    clock: systemClock,
    verify: (envelope) => {
      if (envelope.length !== 3) throw new BywayError("ERR_ADVERTISEMENT_SIGNATURE", "wrong");
      return { peer: "k51next", endpoints };
    },
    dialler: { dialHop },
  });
  const [client, far] = duplexPair();
  const ask = (header: string | undefined, peerId = "k51next"): Promise<void> =>
    service.connectHop(
      {
        headers: header === undefined ? {} : { "byway-advertisement": header },
        signal: new AbortController().signal,
        accept: () => far,
      } as unknown as IncomingStream,
      peerId,
    );
  return { service, client, ask };
}

const valid = Buffer.from([1, 2, 3]).toString("base64url");

test("it carries bytes to the first advertised endpoint that answers", async () => {
  const tried: number[] = [];
  const [near, hop] = duplexPair();
  const { service, client, ask } = relay(async ({ port }) => {
    tried.push(port);
    if (port < 2) throw new BywayError("ERR_HOP_UNREACHABLE", "refused");
    return near;
  });
  const served = ask(valid);
  client.end("ciphertext");
  assert.equal((await collect(hop)).toString(), "ciphertext");
  assert.equal(service.carried, 1);
  hop.end();
  client.resume();
  await served;
  assert.deepEqual([tried, service.carried], [[1, 2], 0]);
});

test("it gives up after a few endpoints with the last reason", async () => {
  let tried = 0;
  const { ask, service } = relay(async () => {
    tried += 1;
    throw new BywayError("ERR_TARGET_PROHIBITED", "private");
  });
  await assert.rejects(ask(valid), { code: "ERR_TARGET_PROHIBITED" });
  assert.deepEqual([tried, service.carried], [3, 0]);
});

test("without an advertisement of that very peer nothing is dialled", async () => {
  const { ask } = relay(async () => assert.fail("dialled"));
  await assert.rejects(ask(undefined), { code: "ERR_HOP_UNKNOWN" });
  await assert.rejects(ask(valid, "k51other"), { code: "ERR_HOP_UNKNOWN" });
  await assert.rejects(ask("AAAAAAAA"), { code: "ERR_ADVERTISEMENT_SIGNATURE" });
  await assert.rejects(ask("A".repeat(3_000)), { code: "ERR_ADVERTISEMENT_MALFORMED" });
});
