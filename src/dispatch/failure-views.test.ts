import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { NO_TRUST } from "../../test/support/candidates.ts";
import { fakeDirectory } from "../../test/support/fake-directory.ts";
import { settled } from "../../test/support/settled.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { silentLogger } from "../core/logger.ts";
import { seededRandom } from "../core/random.ts";
import { openPeers } from "../peers/open-peers.ts";
import { GuardSet } from "../routing/guard-set.ts";
import { MemoryRecords } from "../storage/record-keeper.ts";
import type { ObservedHop } from "../trust/observation.ts";
import { Observer } from "../trust/observer.ts";
import { OwnExperience } from "../trust/own-experience.ts";
import { CandidateSource } from "./candidate-source.ts";

const first: ObservedHop = { peerId: "first", role: "guard", isFirst: true };
const behind: ObservedHop = { peerId: "behind", role: "exit", isFirst: false };

/** All that learns from failures in a client, as `client.ts` subscribes it, and what it came to. */
async function site(answers?: boolean) {
  const clock = new FakeClock();
  const random = seededRandom(1);
  const records = new MemoryRecords();
  const kept = openPeers({ clock, random, logger: silentLogger }, { localNetwork: true });
  const peers = new CandidateSource(
    { clock, book: kept.book, trust: NO_TRUST, more: undefined },
    { sharedNetworks: true },
  );
  const checked: string[] = [];
  const doubt = async (peer: string, isFar: boolean) => {
    checked.push(`${peer}${isFar ? " by way of others" : ""}`);
    return answers;
  };
  peers.follow(fakeDirectory({ doubt }));
  const experience = new OwnExperience({ clock, records });
  const guards = new GuardSet({ clock, random, records });
  const candidates = ["first", "second"];
  const source = {
    draw: (except: ReadonlySet<string>) => candidates.find((peer) => !except.has(peer)),
    isListed: () => true,
  };
  const guardsNow = (): readonly string[] => guards.guards(source).toSorted();
  assert.deepEqual(guardsNow(), candidates);
  const observer = new Observer({ clock, check: (peer) => peers.doubt(peer, true) });
  for (const view of [guards, peers, experience]) observer.subscribe(view.learn);
  const failuresOf = (peer: string): number => experience.trustOf(peer).observations / 3;
  return { observer, checked, failuresOf, guardsNow, stop: () => kept.stop() };
}

suite("a hop that failed", () => {
  test("in the sight of this client loses trust once, is checked, and waits as a guard", async (t) => {
    const { observer, checked, failuresOf, guardsNow, stop } = await site();
    t.after(stop);
    for (let n = 0; n < 2; n += 1) observer.observe({ ...first, what: "failed" });
    assert.deepEqual([checked, failuresOf("first"), guardsNow()], [["first"], 1, ["second"]]);
  });

  test("behind others is checked by way of others, which must not see who comes to look", async (t) => {
    const { observer, checked, failuresOf, stop } = await site();
    t.after(stop);
    observer.observe({ ...behind, what: "failed" });
    assert.deepEqual([checked, failuresOf("behind")], [["behind by way of others"], 1]);
  });

  test("by the word of another hop alone is checked, and is no worse as a guard", async (t) => {
    const { observer, checked, failuresOf, guardsNow, stop } = await site(true);
    t.after(stop);
    observer.observe({ ...first, isFirst: false, what: "failed", by: { ...behind, peerId: "accuser" } });
    await settled();
    assert.deepEqual([checked, failuresOf("first"), failuresOf("accuser")], [["first by way of others"], 0, 0]);
    assert.deepEqual(guardsNow(), ["first", "second"]);
  });
});
