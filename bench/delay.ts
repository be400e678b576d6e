import { parseArgs } from "node:util";
import { measureLongPipe } from "./long-pipe.ts";
import { measureRoundTrips } from "./round-trips.ts";

// What Byway costs over distance: round trips of a new stream, and a big transfer against one raw TLS connection.
//   npm run bench:delay -- [--round-trip 50,100] [--megabytes 25,50] [--seconds 10] [--runs 1] [--json]

const { values } = parseArgs({
  options: {
    "round-trip": { type: "string", default: "50,100" },
    megabytes: { type: "string", default: "25,50" },
    seconds: { type: "string", default: "10" },
    runs: { type: "string", default: "1" },
    json: { type: "boolean", default: false },
  },
});
const numbers = (list: string): readonly number[] => list.split(",").map(Number);
const print = (line: string): unknown => process.stdout.write(`${line}\n`);

const roundTrips = await measureRoundTrips();
if (!values.json) {
  print("round trips until the first byte of the answer     cold  early  waiting");
  for (const { hops, cold, early, waiting } of roundTrips) {
    const figures = [cold, early, waiting].map((figure) => figure.toFixed(2).padStart(6));
    print(`${hops} ${hops === 1 ? "hop " : "hops"}${" ".repeat(43)}${figures.join(" ")}`);
  }
}
const longPipes = [];
for (const linkRoundTripMs of numbers(values["round-trip"])) {
  for (const megabytes of numbers(values.megabytes)) {
    const rows = await measureLongPipe({
      linkRoundTripMs,
      bytesPerSecond: megabytes * 1e6,
      seconds: Number(values.seconds),
      runs: Number(values.runs),
    });
    longPipes.push(...rows);
    if (values.json) continue;
    for (const { direction, rawTls, byway, ratio } of rows) {
      const list = (figures: readonly number[]): string => figures.map((f) => (f / 1e6).toFixed(1)).join(" ");
      print(
        `${direction.padEnd(8)}  3 × ${linkRoundTripMs} ms, ${megabytes} MB/s:  raw TLS ${list(rawTls)}, ` +
          `three hops ${list(byway)} MB/s, ratio ${ratio.toFixed(3)}`,
      );
    }
  }
}
if (values.json) print(JSON.stringify({ roundTrips, longPipes }));
