"""Stands in for the vllm program where a real one would take minutes to fail as wanted: `stand_in.py serve WAY … --uds PATH`.

WAY, the model's place in the command, says how it goes: `steady`, `crashes` (soon after it is ready), `refuses` (ends at once),
`hangs` (is ready, then answers nobody) or `loads` (is never ready). It starts a child, as vLLM starts its engine, and leaves its socket behind, as vLLM does.
"""

from __future__ import annotations

import os
import socketserver
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler

WAY = os.path.basename(sys.argv[2])  # noqa: PTH119
READY_S = 0.6


class Health(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if WAY == "hangs" and time.monotonic() - BEGAN > READY_S:
            time.sleep(600)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def address_string(self) -> str:
        return "unix"

    def log_message(self, format: str, *args: object) -> None:
        pass


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


BEGAN = time.monotonic()
if WAY == "refuses":
    print("INFO all is well so far\nValueError: the model is of another world", flush=True)
    sys.exit(1)
if WAY == "loads":
    print("Starting to load model\nwaiting for a disk that does not turn", flush=True)
    time.sleep(600)
engine = subprocess.Popen(["sleep", "600"])
with Server(sys.argv[sys.argv.index("--uds") + 1], Health) as server:
    print(f"Starting to load model\nfamily {os.getpid()} {engine.pid}", flush=True)
    if WAY == "crashes":
        threading.Timer(READY_S, lambda: os._exit(3)).start()
    server.serve_forever()
