"""Stands for llama-server in tests: a weights file of one line says how it behaves.

Arguments: weights, port, context, slots, threads. Lines: "ready", "loading SECONDS", "broken".
"""
import http.server
import json
import sys
import time

weights, port, context, slots, threads = sys.argv[1], *map(int, sys.argv[2:6])
behaviour = open(weights).read().split()
if behaviour[0] == "broken":
    sys.exit("fake engine: the weights are broken")
ready_at = time.monotonic() + (float(behaviour[1]) if behaviour[0] == "loading" else 0)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        ready = time.monotonic() >= ready_at
        body = json.dumps({"context": context, "slots": slots, "threads": threads}).encode()
        self.send_response(200 if ready else 503)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


print("fake engine: listening", flush=True)
http.server.HTTPServer(("127.0.0.1", port), Handler).serve_forever()
