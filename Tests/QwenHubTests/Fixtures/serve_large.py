"""Serve one repository with one file of 500 MB, for Tests/hub_throughput.sh: serve_large.py FILE-FOR-THE-PORT."""

import hashlib
import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "d4" * 20
PIECE = os.urandom(1 << 20)
COUNT = 500
DIGEST = hashlib.sha256(PIECE * COUNT).hexdigest()


class Hub(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        size = len(PIECE) * COUNT
        if "/resolve/" in self.path:
            self.send_response(200)
            self.send_header("Content-Length", str(size))
            self.send_header("X-Linked-Etag", f'"{DIGEST}"')
            self.end_headers()
            for _ in range(COUNT):
                self.wfile.write(PIECE)
            return
        tree = [{"type": "file", "path": "large-Q8_0.gguf", "size": size, "oid": "0" * 40, "lfs": {"oid": DIGEST, "size": size}}]
        body = json.dumps(tree if "/tree/" in self.path else {"sha": COMMIT}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
with open(sys.argv[1], "w") as file:
    file.write(str(server.server_port))
server.serve_forever()
