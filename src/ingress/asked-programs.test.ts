import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../core/fake-clock.ts";
import { AskedPrograms } from "./asked-programs.ts";
import { INGRESS_LIMITS } from "./limits.ts";

const GIT = { address: "7f000001", program: "git", host: "a.example" };
const { nameAnswerMs, namelessMs, namedForMs, askedPrograms } = INGRESS_LIMITS;

function make() {
  const clock = new FakeClock();
  return { clock, asked: new AskedPrograms({ clock }) };
}

test("a program without a name is refused twice and then let through, until it has been silent for long", () => {
  const { clock, asked } = make();
  for (const expected of [true, true, false, false]) {
    assert.equal(asked.asks(GIT), expected);
    clock.advance(nameAnswerMs.value);
  }
  clock.advance(namelessMs.value - nameAnswerMs.value);
  assert.equal(asked.asks(GIT), false);
  clock.advance(namelessMs.value + 1);
  assert.equal(asked.asks(GIT), true);
});

test("requests that begin together are all refused: none has had time to answer", () => {
  const { clock, asked } = make();
  for (let request = 0; request < 10; request += 1) assert.equal(asked.asks(GIT), true);
  clock.advance(nameAnswerMs.value);
  for (let request = 0; request < 10; request += 1) assert.equal(asked.asks(GIT), true);
  clock.advance(nameAnswerMs.value);
  assert.equal(asked.asks(GIT), false);
});

test("a program that has sent a name is asked each time, for whatever host, until an hour has passed", () => {
  const { clock, asked } = make();
  asked.noteName(GIT);
  for (let run = 0; run < 5; run += 1) {
    clock.advance(nameAnswerMs.value);
    assert.equal(asked.asks(GIT), true);
    assert.equal(asked.asks({ ...GIT, host: "b.example" }), true);
  }
  clock.advance(namedForMs.value);
  assert.equal(asked.asks(GIT), true);
  clock.advance(nameAnswerMs.value);
  assert.equal(asked.asks(GIT), true);
  clock.advance(nameAnswerMs.value);
  assert.equal(asked.asks(GIT), false);
  // One that is given a name after all is asked from then on.
  asked.noteName(GIT);
  assert.equal(asked.asks(GIT), true);
});

test("hosts, programs and addresses are told apart", () => {
  const { clock, asked } = make();
  for (let time = 0; time < 3; time += 1) {
    asked.asks(GIT);
    clock.advance(nameAnswerMs.value);
  }
  assert.equal(asked.asks(GIT), false);
  for (const other of [{ host: "b.example" }, { program: "w3m" }, { address: "7f000002" }])
    assert.equal(asked.asks({ ...GIT, ...other }), true);
});

test("what is remembered is bounded", () => {
  const { asked } = make();
  for (let at = 0; at < 3 * askedPrograms.value; at += 1) {
    asked.asks({ ...GIT, host: `${at}.example` });
    asked.noteName({ ...GIT, address: String(at) });
  }
  assert.equal(asked.size, 2 * askedPrograms.value);
});
