import assert from "node:assert/strict";
import { test } from "node:test";
import { ERROR_CODE } from "./error-code.ts";
import {
  maySend,
  nextState,
  receiveFault,
  type StreamEvent,
  type StreamFrame,
  type StreamState,
} from "./stream-state.ts";

const STATES: readonly StreamState[] = ["idle", "open", "half-closed (local)", "half-closed (remote)", "closed"];
const EVENTS: readonly StreamEvent[] = ["begin", "send end", "receive end", "reset"];

test("the table of RFC 9113 §5.1, whole", () => {
  const rows = STATES.map((state) => EVENTS.map((event) => nextState(state, event) ?? "-"));
  assert.deepEqual(rows, [
    ["open", "-", "-", "-"],
    ["-", "half-closed (local)", "half-closed (remote)", "closed"],
    ["-", "-", "closed", "closed"],
    ["-", "closed", "-", "closed"],
    ["-", "-", "-", "-"],
  ]);
  assert.deepEqual(STATES.map(maySend), [false, true, false, true, false]);
});

test("no order of events leads out of closed, and none to an end that was sent twice", () => {
  const seen = new Set<string>();
  const walk = (state: StreamState, sent: number, received: number, left: number): void => {
    seen.add(state);
    assert.ok(sent <= 1 && received <= 1);
    if (left === 0) return;
    for (const event of EVENTS) {
      const next = nextState(state, event);
      if (next === undefined) continue;
      assert.notEqual(state, "closed");
      walk(next, sent + (event === "send end" ? 1 : 0), received + (event === "receive end" ? 1 : 0), left - 1);
    }
  };
  walk("idle", 0, 0, 6);
  assert.deepEqual([...seen].toSorted(), [...STATES].toSorted());
});

const FRAMES: readonly StreamFrame[] = ["DATA", "HEADERS", "RST_STREAM", "WINDOW_UPDATE"];

test("what a peer may send in which state, and what it ends otherwise", () => {
  const idle = `connection ${ERROR_CODE.protocolError}`;
  const halfClosed = `stream ${ERROR_CODE.streamClosed}`;
  const closed = `connection ${ERROR_CODE.streamClosed}`;
  const row = (state: StreamState, byPeer: boolean): string[] =>
    FRAMES.map((frame) => {
      const fault = receiveFault(state, frame, byPeer);
      return fault === undefined ? "-" : `${fault.scope} ${fault.code}`;
    });
  assert.deepEqual(row("idle", false), [idle, idle, idle, idle]);
  assert.deepEqual(row("open", false), ["-", "-", "-", "-"]);
  assert.deepEqual(row("half-closed (local)", false), ["-", "-", "-", "-"]);
  assert.deepEqual(row("half-closed (remote)", false), [halfClosed, halfClosed, "-", "-"]);
  // It may have sent these before it read our reset.
  assert.deepEqual(row("closed", false), ["-", "-", "-", "-"]);
  assert.deepEqual(row("closed", true), [closed, closed, "-", "-"]);
});
