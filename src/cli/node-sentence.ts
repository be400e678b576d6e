import { plainText } from "../core/plain-text.ts";
import type { NodeStatus } from "../operation/node-status.ts";
import { age } from "./text-table.ts";

/** Whether all is well with a node, in one sentence. */
export function nodeSentence(status: NodeStatus, nowMs: number): string {
  const { serving, streams, reachable, warnings } = status;
  switch (serving.state) {
    case "paused":
      return "The node takes nothing new: it is paused.";
    case "draining":
      return `The node takes nothing new, and stops when ${streams === 1 ? "its last stream is" : `its last ${streams} streams are`} over.`;
    case "closed":
      return `The node takes nothing new: ${plainText(serving.reason ?? "it is closed")}${untilText(serving.until, nowMs)}.`;
    case "serving":
  }
  const count = warnings.filter(({ level }) => level === "warning").length;
  const { exitClosed } = serving;
  const roles = exitClosed === undefined ? status.roles : status.roles.filter((role) => role !== "exit");
  const does = `the node ${deeds(roles)}${exitClosed === undefined ? "" : ", and its exit is closed"}`;
  if (count > 0) return `There ${count === 1 ? "is a warning" : `are ${count} warnings`}, see below: ${does}.`;
  const REACHED = {
    yes: ", and others reach it",
    unknown: "; no peer has checked yet whether others reach it",
    no: "; others do not reach it",
  };
  return `All is well: ${does}${REACHED[reachable.state]}.`;
}

/** `, until 2026-12-01 00:00 (in 9 d)`, or nothing where no time is known. The time is the machine's own. */
export function untilText(until: string | undefined, nowMs: number): string {
  return until === undefined ? "" : `, until ${momentText(until)} (in ${age(nowMs, Date.parse(until))})`;
}

/** An ISO 8601 time by the machine's own clock: `2026-12-01 00:00`. */
export function momentText(time: string): string {
  const at = new Date(time);
  const two = (number: number): string => String(number).padStart(2, "0");
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

function deeds(roles: readonly string[]): string {
  const words = [
    ...(roles.includes("relay") ? ["forwards links"] : []),
    ...(roles.includes("exit") ? ["connects to targets"] : []),
  ];
  return words.length === 0 ? "carries no traffic and helps peers to find each other" : words.join(" and ");
}
