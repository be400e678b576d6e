import { argv } from "node:process";
import { Server } from "proxy-chain";

// proxy-chain as its own documentation starts it: `node proxy-chain-server.ts PORT`.

const server = new Server({ host: "127.0.0.1", port: Number(argv[2]), verbose: false });
await server.listen();
console.log("ready");
