import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { startDnsServer } from "./dns-server.ts";

/*
 * A program that stands for the internet in a namespace of its own: names, a web site at ports 80 and 8080, and
 * a public blocklist at port 80. `/bytes/N` is a body of N bytes, `/drop.txt` the list, anything else a greeting.
 */
const [host = "127.0.0.1"] = process.argv.slice(2);
const LIST = "; a public list\n198.41.0.0/24 ; SBL1\nlisted.example\n";

await startDnsServer(
  ["good", "listed", "bulk"].map((name) => ({ name: `${name}.example`, type: "A", data: host })),
  {},
  { host, port: 53 },
);
const answer: RequestListener = (request, response) => {
  const bytes = /^\/bytes\/(\d{1,9})$/.exec(request.url ?? "")?.[1];
  if (bytes !== undefined) response.end(Buffer.alloc(Number(bytes)));
  else response.end(request.url === "/drop.txt" ? LIST : "hello\n");
};
for (const port of [80, 8080]) await once(createServer(answer).listen({ host, port }), "listening");
process.stdout.write("ready\n");
