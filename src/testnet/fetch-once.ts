import { request as requestHttp } from "node:http";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import type { StageTiming } from "../circuit/circuit.ts";
import type { BywayClient } from "../client/client.ts";
import type { Clock } from "../core/clock.ts";
import type { RouteSummary } from "../ingress/stream-opener.ts";
import type { Constraints } from "../routing/constraints.ts";
import type { Seen, Target } from "./target.ts";

/** One request through the network: the way it took, what the target saw and how long each stage took. */
export interface FetchReport {
  readonly route: RouteSummary;
  readonly saw: Seen;
  readonly timings: readonly StageTiming[];
}

/** Fetches from `target` once through a circuit that fits `constraints`. */
export async function fetchOnce(
  components: { client: BywayClient; target: Target; clock: Clock },
  constraints: Constraints,
  secure: boolean,
): Promise<FetchReport> {
  const { client, target, clock } = components;
  const to = secure ? target.https : target.http;
  const { stream, route, timings } = await client.connect(to, constraints);
  const startMs = clock.monotonicMs();
  const saw = await fetchOver(stream, secure, to.host, to.port, target.certPem);
  return {
    route,
    saw,
    timings: [...timings, { hop: route.hops.length, stage: "request", ms: clock.monotonicMs() - startMs }],
  };
}

function fetchOver(stream: Duplex, secure: boolean, host: string, port: number, ca: string): Promise<Seen> {
  return new Promise((resolve, reject) => {
    const connection = secure ? connectTls({ socket: stream, host, ca, ALPNProtocols: ["http/1.1"] }) : stream;
    const request = requestHttp({ host, port, path: "/", createConnection: () => connection });
    request.on("error", reject);
    request.on("response", (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        body += chunk;
      });
      response.on("error", reject).on("end", () => {
        connection.end();
        resolve(JSON.parse(body) as Seen);
      });
    });
    request.end();
  });
}
