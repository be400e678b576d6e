import type { Random } from "../../src/core/random.ts";
import { mean } from "./look-ups.ts";

/** How a client keeps its nodes checked. */
export interface CheckWay {
  readonly name: string;
  /** Nodes that it keeps checked. */
  readonly usable: number;
  /** Seconds between two checks of one node. */
  readonly periodSec: number;
  /** The same, while checks fail; left out where it does not change. */
  readonly alarmPeriodSec?: number;
  /** Only those are picked that answered within this time. */
  readonly freshSec: number;
}

/** What a client picked while half of the nodes left. */
export interface ChurnFigures {
  readonly way: string;
  /** Share of what was picked in those minutes that was alive. */
  readonly alive: number;
  /** The same in the worst minute. */
  readonly worstMinute: number;
  /** Nodes that could be picked, on average, and at the least. */
  readonly choice: number;
  readonly leastChoice: number;
  /** Checks in an hour of rest, and in the ten minutes. */
  readonly checksAtRest: number;
  readonly checksInChurn: number;
}

/** The circumstances, besides the way of checking. */
export interface ChurnOptions {
  /** Share of those that leave whose links end at once, as when a process is stopped; the others fall silent. */
  readonly saidGoodbye: number;
}

interface Known {
  readonly goneAtSec: number;
  readonly closes: boolean;
  reachedAtSec: number;
  nextCheckSec: number;
  /** When the answer of the check under way comes, or is given up. */
  doneAtSec: number | undefined;
  isUsable: boolean;
  failed: boolean;
}

const KNOWN = 1_000;
const WARM_SEC = 900;
const CHURN_SEC = 600;
const AT_ONCE = 16;
const GIVE_UP_SEC = 5;
const PICKS_PER_SEC = 4;
/** Of the latest checks, how many are looked at, and how many failures make it an alarm. */
const LATEST = 30;
const ALARMING = 2;

/** The ways that are compared. */
export const CHECK_WAYS: readonly CheckWay[] = [
  { name: "50 nodes, every 300 s", usable: 50, periodSec: 300, freshSec: 305 },
  { name: "50 nodes, every 120 s", usable: 50, periodSec: 120, freshSec: 125 },
  { name: "50 nodes, every 90 s", usable: 50, periodSec: 90, freshSec: 95 },
  { name: "50 nodes, every 60 s", usable: 50, periodSec: 60, freshSec: 65 },
  { name: "50 nodes, every 30 s", usable: 50, periodSec: 30, freshSec: 35 },
  { name: "50 nodes, every 120 s, 30 s in alarm", usable: 50, periodSec: 120, alarmPeriodSec: 30, freshSec: 125 },
  { name: "50 nodes, every 90 s, 30 s in alarm", usable: 50, periodSec: 90, alarmPeriodSec: 30, freshSec: 95 },
  { name: "200 nodes, every 120 s", usable: 200, periodSec: 120, freshSec: 125 },
  { name: "200 nodes, every 120 s, fresh within 60 s", usable: 200, periodSec: 120, freshSec: 60 },
  { name: "200 nodes, every 60 s", usable: 200, periodSec: 60, freshSec: 65 },
  { name: "200 nodes, every 120 s, 30 s in alarm", usable: 200, periodSec: 120, alarmPeriodSec: 30, freshSec: 125 },
];

/** Plays fifteen minutes of rest, then ten in which half of all nodes leave, evenly over that time. */
export function measureChurn(way: CheckWay, random: Random, { saidGoodbye }: ChurnOptions): ChurnFigures {
  const known = Array.from({ length: KNOWN }, () => newcomer(random, saidGoodbye));
  const minutes: { alive: number; picks: number }[] = Array.from({ length: CHURN_SEC / 60 }, () => ({
    alive: 0,
    picks: 0,
  }));
  const choices: number[] = [];
  const latest: boolean[] = [];
  const checks = { rest: 0, churn: 0 };
  for (let sec = 0; sec < WARM_SEC + CHURN_SEC; sec += 1) {
    for (const node of known) if (node.closes && node.goneAtSec <= sec) fail(node);
    for (const node of known) if (node.doneAtSec !== undefined && node.doneAtSec <= sec) settle(node, sec, latest);
    const isAlarmed = latest.filter((failed) => failed).length >= ALARMING;
    const period = isAlarmed ? (way.alarmPeriodSec ?? way.periodSec) : way.periodSec;
    const started = startChecks(known, way.usable, period, sec, random);
    if (sec >= WARM_SEC) checks.churn += started;
    else if (sec >= WARM_SEC / 2) checks.rest += started;
    if (sec < WARM_SEC) continue;
    const choice = known.filter(({ isUsable, reachedAtSec }) => isUsable && sec - reachedAtSec <= way.freshSec);
    choices.push(choice.length);
    const minute = minutes[Math.floor((sec - WARM_SEC) / 60)];
    for (let pick = 0; pick < PICKS_PER_SEC && choice.length > 0 && minute !== undefined; pick += 1) {
      minute.picks += 1;
      if ((choice[Math.floor(random.float() * choice.length)]?.goneAtSec ?? 0) > sec) minute.alive += 1;
    }
  }
  const shares = minutes.map(({ alive, picks }) => alive / picks);
  return {
    way: way.name,
    alive: mean(shares),
    worstMinute: Math.min(...shares),
    choice: mean(choices),
    leastChoice: Math.min(...choices),
    checksAtRest: (checks.rest / (WARM_SEC / 2)) * 3_600,
    checksInChurn: checks.churn,
  };
}

function newcomer(random: Random, saidGoodbye: number): Known {
  return {
    goneAtSec: random.float() < 0.5 ? WARM_SEC + random.float() * CHURN_SEC : Number.POSITIVE_INFINITY,
    closes: random.float() < saidGoodbye,
    reachedAtSec: Number.NEGATIVE_INFINITY,
    nextCheckSec: 0,
    doneAtSec: undefined,
    isUsable: false,
    failed: false,
  };
}

function fail(node: Known): void {
  node.isUsable = false;
  node.failed = true;
  node.doneAtSec = undefined;
}

function settle(node: Known, sec: number, latest: boolean[]): void {
  const isAlive = node.goneAtSec > sec;
  node.doneAtSec = undefined;
  if (isAlive) {
    node.isUsable = true;
    node.reachedAtSec = sec;
  } else {
    // A candidate that does not answer says nothing of how long those in use will live.
    if (node.isUsable) latest.push(true);
    fail(node);
  }
  if (isAlive) latest.push(false);
  if (latest.length > LATEST) latest.shift();
}

/** Starts checks of those that are due, then of candidates while there are too few; returns how many. */
function startChecks(known: readonly Known[], usable: number, period: number, sec: number, random: Random): number {
  let running = known.filter(({ doneAtSec }) => doneAtSec !== undefined).length;
  let held = known.filter(({ isUsable, doneAtSec }) => isUsable || doneAtSec !== undefined).length;
  let started = 0;
  const start = (node: Known): void => {
    node.doneAtSec = sec + (node.goneAtSec > sec ? 1 : GIVE_UP_SEC);
    // Spread by chance, so that checks do not come in waves.
    node.nextCheckSec = sec + period * (0.75 + random.float() / 2);
    running += 1;
    started += 1;
  };
  const due = known.filter(
    ({ isUsable, doneAtSec, reachedAtSec, nextCheckSec }) =>
      isUsable && doneAtSec === undefined && (nextCheckSec <= sec || sec - reachedAtSec >= 1.25 * period),
  );
  for (const node of due.sort((a, b) => a.reachedAtSec - b.reachedAtSec)) if (running < AT_ONCE) start(node);
  for (const node of known) {
    if (held >= usable || running >= AT_ONCE) break;
    if (node.isUsable || node.failed || node.doneAtSec !== undefined) continue;
    start(node);
    held += 1;
  }
  return started;
}
