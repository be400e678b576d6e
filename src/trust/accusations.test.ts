import assert from "node:assert/strict";
import { test } from "node:test";
import { Accusations } from "./accusations.ts";
import { TRUST_LIMITS } from "./limits.ts";

const answering = async (): Promise<boolean> => true;
const silent = async (): Promise<boolean> => false;
const unknown = async (): Promise<undefined> => undefined;
/** What examining a relay finds that refuses most nodes, and one that carries to them. */
const examine = silent;
const carries = answering;

/** Who failed when `relay` refused `nodes`, one after another. */
async function judged(of: Accusations, relay: string, ...nodes: readonly string[]): Promise<readonly unknown[]> {
  const failed = [];
  for (const node of nodes) failed.push(await of.judge(relay, node));
  return failed;
}

test("an accused that does not answer the own check has failed, and its accuser told the truth", async () => {
  const accusations = new Accusations({ check: silent, examine });
  assert.deepEqual(await judged(accusations, "relay", "a", "b", "c", "d"), ["a", "b", "c", "d"]);
});

test("an accuser of nodes that answer fails once it refused three and carried to fewer", async () => {
  for (const check of [answering, unknown]) {
    const none = undefined;
    assert.deepEqual(await judged(new Accusations({ check, examine }), "relay", "a", "b", "c", "d"), [
      none,
      none,
      "relay",
      "relay",
    ]);
    const some = new Accusations({ check, examine });
    for (const node of ["e", "f", "g"]) some.noteCarried("relay", node);
    assert.deepEqual(await judged(some, "relay", "a", "b", "c", "d"), [none, none, none, "relay"]);
  }
});

test("it is nodes that count: neither the same one refused often nor a friend carried to often", async () => {
  const accusations = new Accusations({ check: answering, examine });
  assert.ok((await judged(accusations, "relay", ...Array<string>(50).fill("a"))).every((one) => one === undefined));
  for (let count = 0; count < 1_000; count += 1) accusations.noteCarried("relay", "friend");
  assert.deepEqual(await judged(accusations, "relay", "b", "c"), [undefined, "relay"]);
});

test("a node that was refused and then carried to is forgiven", async () => {
  const accusations = new Accusations({ check: answering, examine });
  await judged(accusations, "relay", "a", "b");
  accusations.noteCarried("relay", "a");
  assert.deepEqual(await judged(accusations, "relay", "c"), [undefined]);
});

test("what one relay refused says nothing of another", async () => {
  const accusations = new Accusations({ check: answering, examine });
  await judged(accusations, "relay", "a", "b");
  assert.deepEqual(await judged(accusations, "other", "c", "d"), [undefined, undefined]);
});

test("the check is told who accuses, and one is enough for many accusations at once", async () => {
  const asked: string[] = [];
  const answer = Promise.withResolvers<boolean>();
  const accusations = new Accusations({
    examine,
    check: (accused, accuser) => {
      asked.push(`${accused} by ${accuser}`);
      return answer.promise;
    },
  });
  const judging = ["a", "a", "b"].map((node) => accusations.judge("relay", node));
  answer.resolve(false);
  assert.deepEqual(await Promise.all(judging), ["a", undefined, "b"]);
  assert.deepEqual(asked, ["a by relay", "b by relay"]);
});

test("neither checks under way nor what is remembered grow without bound", async () => {
  let checks = 0;
  const never = new Promise<boolean>(() => {});
  const busy = new Accusations({
    examine,
    check: () => {
      checks += 1;
      return never;
    },
  });
  const most = TRUST_LIMITS.accusations.value;
  for (let count = 0; count < 2 * most; count += 1) void busy.judge("relay", `node ${count}`);
  assert.equal(checks, most);

  const relays = new Accusations({ check: answering, examine });
  for (let count = 0; count < TRUST_LIMITS.failures.value + 10; count += 1) relays.noteCarried(`relay ${count}`, "a");
  assert.equal(relays.size, TRUST_LIMITS.failures.value);

  const forgetful = new Accusations({ check: answering, examine });
  const nodes = Array.from({ length: TRUST_LIMITS.nextHops.value - 2 }, (_, index) => `carried ${index}`);
  for (const node of ["old", "older", ...nodes]) forgetful.noteCarried("relay", node);
  const refused = Array.from({ length: TRUST_LIMITS.nextHops.value / 2 + 1 }, (_, index) => `refused ${index}`);
  assert.equal((await judged(forgetful, "relay", ...refused)).at(-1), "relay", "the oldest were forgotten");
});

const CROWD = Array.from({ length: 40 }, (_, index) => `hostile ${index}`);

test("a crowd that refuses an honest relay takes nothing from it: it carries to the nodes that the client draws", async () => {
  let examined = 0;
  const accusations = new Accusations({
    check: answering,
    examine: () => {
      examined += 1;
      return carries();
    },
  });
  for (const node of ["a", "b", "c"]) accusations.noteCarried("relay", node);
  assert.ok((await judged(accusations, "relay", ...CROWD)).every((one) => one === undefined));
  assert.ok(examined > 0);
  // What was noted before an examination is settled by it.
  assert.ok(examined <= CROWD.length / TRUST_LIMITS.refusedNodes.value, `${examined} examinations`);
});

test("a relay that lies about nodes fails by the examination, and not where it cannot be examined", async () => {
  const liar = new Accusations({ check: answering, examine });
  assert.ok((await judged(liar, "relay", "a", "b", "c")).includes("relay"));
  const untold = new Accusations({ check: answering, examine: unknown });
  assert.ok((await judged(untold, "relay", ...CROWD)).every((one) => one === undefined));
});

test("a relay is examined once at a time, and few relays at once", async () => {
  const asked: string[] = [];
  const accusations = new Accusations({
    check: answering,
    examine: (relay) => {
      asked.push(relay);
      return new Promise(() => {});
    },
  });
  const most = TRUST_LIMITS.examinations.value;
  const judging = Array.from({ length: most + 3 }, (_, index) => `relay ${index}`).flatMap((relay) =>
    CROWD.slice(0, 4).map((node) => accusations.judge(relay, node)),
  );
  void Promise.all(judging);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(asked.length, most);
  assert.equal(new Set(asked).size, most);
});
