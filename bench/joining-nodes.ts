import { generateIdentity } from "../src/identity/identity.ts";
import { createNode } from "../src/node/node.ts";

// A part of the network that `joining.ts` measures in: `node joining-nodes.ts FIRST COUNT [BOOTSTRAP]`. Prints the multiaddr
// of its first node when all serve.

const [first = "0", count = "1", ...bootstrap] = process.argv.slice(2);
const COUNTRIES = ["de", "us", "jp", "br", "gb", "in", "se", "fr", "za", "au"];

for (let index = Number(first); index < Number(first) + Number(count); index += 1) {
  const host = `127.${100 + index}.0.1`;
  const node = await createNode({
    identity: generateIdentity(),
    listen: { host, port: 0 },
    bindEgress: [host],
    roles: ["relay", "exit"],
    localNetwork: true,
    claims: { country: COUNTRIES[index % COUNTRIES.length] ?? "de" },
    directory: { network: "bench", bootstrap },
  });
  if (bootstrap.length === 0) bootstrap.push(node.bootstrap);
  if (index === Number(first)) console.log(node.bootstrap);
}
console.log("all serve");
process.stdin.resume().once("close", () => process.exit());
