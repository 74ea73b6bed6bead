"""Serves one file for download tests. Arguments: file, mode, request log. Prints its port.

Modes: "ranges" (answers Range with 206), "whole" (ignores Range), "cut" (closes after half of what
is left), "missing" (404).
"""
import http.server
import sys

path, mode, log = sys.argv[1:4]
content = open(path, "rb").read()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        wanted = self.headers.get("Range")
        with open(log, "a") as file:
            file.write((wanted or "none") + "\n")
        if mode == "missing":
            self.send_error(404)
            return
        start = 0
        if wanted and mode != "whole":
            start = int(wanted.removeprefix("bytes=").split("-")[0])
        body = content[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if mode == "cut" else body)

    def log_message(self, *arguments):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
