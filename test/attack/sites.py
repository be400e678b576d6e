"""Python's own server of two sites, plain, at the port that it prints; reads no bodies, as many small servers do not."""

import http.server
import socketserver
import urllib.parse


class Sites(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        host = self.headers.get("Host") or ""
        if "://" in self.path:
            host = urllib.parse.urlsplit(self.path).hostname or host
        host = host.split(":")[0].lower().rstrip(".")
        is_blocked = host == "blocked.example" or host.endswith(".blocked.example")
        body = b"SITE-BLOCKED\n" if is_blocked else b"SITE-OK\n"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_HEAD = do_OPTIONS = do_GET

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass


server = Server(("127.0.0.1", 0), Sites)
print(server.server_port, 0, flush=True)
server.serve_forever()
