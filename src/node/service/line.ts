import { BYTES_PER_MBIT } from "../../core/units.ts";
import { LinePace } from "../../flow/line-pace.ts";
import type { LinkPace } from "../../flow/line-pace-link.ts";
import type { NodeSettings } from "../node-options.ts";
import type { ServiceBase, ServicePart } from "./service-part.ts";

/** The speed of this process's part of the line. */
export interface ServiceLine extends ServicePart {
  /** Makes the pace of a link. Undefined where the operator's settings never slow anything down. */
  readonly openPace: (() => LinkPace) | undefined;
}

/** Goes by the speed in the orders, which is that of the whole node. */
export function openLine({ clock, options: { settings }, share }: ServiceBase): ServiceLine {
  const { linkMbps } = settings;
  const line = new LinePace({ clock }, { linkBytesPerSecond: linkMbps && linkMbps * BYTES_PER_MBIT });
  return {
    openPace: isPaced(settings) ? () => line.openLink() : undefined,
    obey: ({ bytesPerSecond }) => line.setRate(bytesPerSecond === undefined ? undefined : share(bytesPerSecond)),
  };
}

/** Whether streams may have to be slowed down at some time. */
function isPaced({ operation: { upMbps, downMbps, monthlyGb } = {}, linkMbps }: NodeSettings): boolean {
  return [upMbps, downMbps, monthlyGb, linkMbps].some((limit) => limit !== undefined);
}
