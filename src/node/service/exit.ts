import { NO_LOG, type StreamLog } from "../../egress/accountability/stream-log.ts";
import type { AddressGuard } from "../../egress/address-guard.ts";
import { ExitService, type WaysOut } from "../../egress/exit-service.ts";
import { EGRESS_LIMITS } from "../../egress/limits.ts";
import { type StreamLimitOptions, StreamLimits } from "../../egress/stream-limits.ts";
import type { ServiceBase, ServicePart } from "./service-part.ts";
import type { TargetRules } from "./target-rules.ts";

/** The exit role; nothing if the node does not have it. */
export function openExit(
  base: ServiceBase,
  components: {
    readonly guard: AddressGuard;
    readonly rules: Pick<TargetRules, "policy" | "checkOpen">;
    readonly waysOut: WaysOut;
    readonly log: StreamLog | undefined;
  },
): ServicePart {
  const { clock, budget, options } = base;
  if (!options.settings.roles.includes("exit")) return {};
  const { guard, rules, waysOut, log = NO_LOG } = components;
  const exit = new ExitService({
    clock,
    budget,
    waysOut,
    limits: new StreamLimits({ clock }, limitsOf(base)),
    log,
    checkOpen: () => rules.checkOpen(),
    policy: rules.policy,
    opens: (host, port) => guard.opens(host, port),
  });
  return {
    requests: exit.requests,
    get report() {
      return { streamsOpened: exit.opened };
    },
  };
}

/** This process's part of each bound that is for the whole node; a link is in one process only. */
function limitsOf({ options: { settings }, share }: ServiceBase): StreamLimitOptions {
  const { streamLimits = {} } = settings;
  const part = (name: keyof StreamLimitOptions): number => share(streamLimits[name] ?? EGRESS_LIMITS[name]);
  return {
    ...streamLimits,
    maxStreams: part("maxStreams"),
    streamsPerSecond: part("streamsPerSecond"),
    targetStreams: part("targetStreams"),
    targetStreamsPerSecond: part("targetStreamsPerSecond"),
  };
}
