import { createClient } from "../src/client/client.ts";

// A client that has just been started: `node joining-client.ts STORE USABLE BOOTSTRAP`. Prints in milliseconds since the start
// of its process when it had a circuit through a node of one country, and when so many nodes were usable.

const [storePath = "", wanted = "50", bootstrap = ""] = process.argv.slice(2);
const sinceStartMs = (): number => performance.now();

const client = await createClient({
  localNetwork: true,
  spareCircuits: 0,
  directory: { network: "bench", bootstrap: [bootstrap], storePath },
});
const asked = client.connect({ host: "192.0.2.1", port: 1 }, { countries: ["jp"] }).then(
  () => sinceStartMs(),
  // The exit refuses the target, which shows that the circuit to it stands.
  (error: { readonly code?: string }) => (error.code === "ERR_TARGET_PROHIBITED" ? sinceStartMs() : Number.NaN),
);
const usable = new Promise<number>((resolve) => {
  const timer = setInterval(() => {
    if (client.usableNodes < Number(wanted)) return;
    clearInterval(timer);
    resolve(sinceStartMs());
  }, 10);
});
console.log(JSON.stringify({ circuitMs: await asked, usableMs: await usable }));
// As after a crash: what the store holds by now is what the next start has.
process.kill(process.pid, "SIGKILL");
