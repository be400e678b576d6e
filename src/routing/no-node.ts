import { BywayError } from "../core/errors.ts";

/** How many nodes were left after one constraint; `what` reads after the number: `exits`, `in zz`. */
export interface FunnelStep {
  readonly left: number;
  readonly what: string;
}

/** Exits that claim what the constraint asks and are not believed; `what` reads after `are`: `in zz`. */
export interface DeniedExits {
  readonly count: number;
  readonly what: string;
}

/** An ERR_NO_NODE that names the constraint which emptied the set and tells how many nodes each one left. */
export function noNodeError(constraint: string, funnel: readonly FunnelStep[], denied?: DeniedExits): BywayError {
  const steps = funnel.map((step) => `${step.left} ${step.what}`).join(", ");
  const message =
    funnel[0]?.left === 0 ? "no nodes are known yet" : `no node fits ${constraint}: ${steps}${deniedText(denied)}`;
  return new BywayError("ERR_NO_NODE", message, {
    data: {
      constraint,
      funnel: funnel.map(({ left, what }) => ({ left, what })),
      ...(denied === undefined ? {} : { denied: denied.count }),
    },
  });
}

function deniedText(denied: DeniedExits | undefined): string {
  if (denied === undefined) return "";
  const { count, what } = denied;
  const who = count === 1 ? "1 node says that it is" : `${count} nodes say that they are`;
  return ` (${who} ${what}; the address data says otherwise)`;
}

/** The funnel in the data of such an error, which may have come over a socket: what is no step is left out. Undefined where there is none. */
export function funnelIn(data: { readonly [key: string]: unknown }): readonly FunnelStep[] | undefined {
  const { funnel } = data;
  return Array.isArray(funnel) ? funnel.filter(isStep) : undefined;
}

function isStep(step: unknown): step is FunnelStep {
  const { left, what } = (step ?? {}) as Partial<FunnelStep>;
  return typeof left === "number" && typeof what === "string";
}
