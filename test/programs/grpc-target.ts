import { createServer, type Http2Server, type ServerHttp2Stream } from "node:http2";

/** How a connection of HTTP/2 begins that both ends know to be one (RFC 9113, section 3.4). */
export const HTTP2 = "PRI * HTTP/2.0";

/** A gRPC server that answers each unary call with the one message `body`, whatever was called. `note` gets the authority. */
export function createGrpcServer(body: Buffer, note: (authority: string, source: string) => void): Http2Server {
  // A message is not compressed, has its length, and then its bytes (gRPC over HTTP2, "Length-Prefixed-Message").
  const head = Buffer.alloc(5);
  head.writeUInt32BE(body.length, 1);
  return createServer().on("stream", (stream: ServerHttp2Stream, headers) => {
    note(headers[":authority"] ?? "", stream.session?.socket.remoteAddress ?? "");
    stream.on("error", () => {});
    stream.respond({ "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.write(head);
    stream.end(body);
    stream.resume();
  });
}
