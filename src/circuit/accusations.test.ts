import assert from "node:assert/strict";
import { test } from "node:test";
import { Accusations } from "./accusations.ts";
import { CIRCUIT_LIMITS } from "./limits.ts";

const answering = async (): Promise<boolean> => true;
const silent = async (): Promise<boolean> => false;
const unknown = async (): Promise<undefined> => undefined;

/** Who failed when `relay` refused `nodes`, one after another. */
async function judged(of: Accusations, relay: string, ...nodes: readonly string[]): Promise<readonly unknown[]> {
  const failed = [];
  for (const node of nodes) failed.push(await of.judge(relay, node));
  return failed;
}

test("an accused that does not answer the own check has failed, and its accuser told the truth", async () => {
  const accusations = new Accusations({ check: silent });
  assert.deepEqual(await judged(accusations, "relay", "a", "b", "c", "d"), ["a", "b", "c", "d"]);
});

test("an accuser of nodes that answer fails once it refused three and carried to fewer", async () => {
  for (const check of [answering, unknown]) {
    const none = undefined;
    assert.deepEqual(await judged(new Accusations({ check }), "relay", "a", "b", "c", "d"), [
      none,
      none,
      "relay",
      "relay",
    ]);
    const carries = new Accusations({ check });
    for (const node of ["e", "f", "g"]) carries.noteCarried("relay", node);
    assert.deepEqual(await judged(carries, "relay", "a", "b", "c", "d"), [none, none, none, "relay"]);
  }
});

test("it is nodes that count: neither the same one refused often nor a friend carried to often", async () => {
  const accusations = new Accusations({ check: answering });
  assert.ok((await judged(accusations, "relay", ...Array<string>(50).fill("a"))).every((one) => one === undefined));
  for (let count = 0; count < 1_000; count += 1) accusations.noteCarried("relay", "friend");
  assert.deepEqual(await judged(accusations, "relay", "b", "c"), [undefined, "relay"]);
});

test("a node that was refused and then carried to is forgiven", async () => {
  const accusations = new Accusations({ check: answering });
  await judged(accusations, "relay", "a", "b");
  accusations.noteCarried("relay", "a");
  assert.deepEqual(await judged(accusations, "relay", "c"), [undefined]);
});

test("what one relay refused says nothing of another", async () => {
  const accusations = new Accusations({ check: answering });
  await judged(accusations, "relay", "a", "b");
  assert.deepEqual(await judged(accusations, "other", "c", "d"), [undefined, undefined]);
});

test("the check is told who accuses, and one is enough for many accusations at once", async () => {
  const asked: string[] = [];
  const answer = Promise.withResolvers<boolean>();
  const accusations = new Accusations({
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
    check: () => {
      checks += 1;
      return never;
    },
  });
  const most = CIRCUIT_LIMITS.accusations.value;
  for (let count = 0; count < 2 * most; count += 1) void busy.judge("relay", `node ${count}`);
  assert.equal(checks, most);

  const relays = new Accusations({ check: answering });
  for (let count = 0; count < CIRCUIT_LIMITS.failures.value + 10; count += 1) relays.noteCarried(`relay ${count}`, "a");
  assert.equal(relays.size, CIRCUIT_LIMITS.failures.value);

  const forgetful = new Accusations({ check: answering });
  const nodes = Array.from({ length: CIRCUIT_LIMITS.nextHops.value - 2 }, (_, index) => `carried ${index}`);
  for (const node of ["old", "older", ...nodes]) forgetful.noteCarried("relay", node);
  const refused = Array.from({ length: CIRCUIT_LIMITS.nextHops.value / 2 + 1 }, (_, index) => `refused ${index}`);
  assert.equal((await judged(forgetful, "relay", ...refused)).at(-1), "relay", "the oldest were forgotten");
});
