import { BywayError } from "../../src/core/errors.ts";
import { FakeClock } from "../../src/core/fake-clock.ts";
import { seededRandom } from "../../src/core/random.ts";
import { RequestLog } from "../../src/dispatch/request-log.ts";
import { noNodeError } from "../../src/routing/no-node.ts";
import { EXPLAINED, shownPeer } from "./explained.ts";

/** Requests of every outcome, and a clock that stands at the end of the last one. */
export function makeLog(): { readonly log: RequestLog; readonly clock: FakeClock } {
  const clock = new FakeClock();
  const log = new RequestLog({ clock, random: seededRandom(7) });
  const begin = (user: string, host: string, constraints: string) =>
    log.begin({ user, listener: "127.0.0.1:1080", target: { host, port: 443 }, protocol: "tcp", constraints });

  const exit = { peerId: shownPeer("a"), country: "us", asn: 7922 };
  const done = begin("alice", "www.example.com", "country=us, hops=3, session=a1");
  clock.advance(120);
  done.attempted(shownPeer("x"), new BywayError("ERR_HOP_TIMEOUT", "hop 3 did not answer within 100 ms"));
  done.attempted(undefined, new BywayError("ERR_HOP_LOST", "the circuit was lost"));
  clock.advance(80);
  done.moved(shownPeer("x"), "failed");
  done.routed(
    { hops: [{ peerId: shownPeer("g"), country: "de", asn: 3320 }, { peerId: shownPeer("m") }, exit], exit },
    [
      { hop: 1, stage: "dial", ms: 4.25 },
      { hop: 3, stage: "connect", ms: 61 },
    ],
    EXPLAINED,
  );
  done.counting(() => ({ sent: 1_234, received: 35_499_000 }));
  clock.advance(90_000);
  done.ended();

  begin("", "nowhere.example", "country=zz").ended(
    noNodeError("country=zz", [
      { left: 12, what: "nodes" },
      { left: 0, what: "in zz" },
    ]),
  );
  const open = log.begin({
    user: "bob",
    listener: "",
    target: { host: "2001:db8::1", port: 53 },
    protocol: "udp",
    constraints: "",
  });
  open.routed({ hops: [exit], exit }, []);
  open.counting(() => ({ sent: 40, received: 0 }));
  begin("\u001b[2Jmallory\r\n\u009b31m", "\u001b]0;owned\u0007.example", "\u0000");
  clock.advance(1_500);
  return { log, clock };
}
