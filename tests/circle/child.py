"""A real service to try processes with: it counts its lives, and answers on a port.

Arguments: port, folder, and what it does, "serve", "fail" or "sulk" (runs and never answers).
"""

import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import orjson


def main(port: int, folder: Path, deed: str) -> int:
    if deed == "fail":
        sys.stderr.write("the key is not to be found\n")
        return 3
    if deed == "sulk":
        time.sleep(60)
    counter = folder / "lives"
    lives = int(counter.read_text()) + 1 if counter.exists() else 1
    counter.write_text(str(lives))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(503 if deed == "unwell" else 200)
            self.send_header("keel-process", "1" if deed == "foreign" else str(os.getpid()))
            self.end_headers()
            health = {"service": "child", "status": "ok", "head_slot": lives, "stage": "waiting"}
            self.wfile.write(orjson.dumps(health))

        def log_message(self, *_: object) -> None:
            """The log is for what went wrong."""

    HTTPServer(("127.0.0.1", port), Handler).serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]))
