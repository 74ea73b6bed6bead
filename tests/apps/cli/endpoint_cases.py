"""Endpoints that refuse, answer nonsense, or never end."""
import http.server
import json
import socket
import threading

from world import ROW_KEYS, CliTest, World, needs_sandbox


class Endpoint(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        code = self.path.split("/")[1]
        if code == "endless":
            return self.endless()
        body = {"nojson": b"<html>hello</html>", "empty": b""}.get(
            code, json.dumps({"error": {"message": "because of " + code}}).encode())
        self.send_response(int(code) if code.isdigit() else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def endless(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        chunk = json.dumps({"choices": [{"index": 0, "delta": {"content": "x" * 60000}}]})
        try:
            while True:
                self.wfile.write(f"data: {chunk}\n\n".encode())
        except OSError:
            pass

    def log_message(self, *_):
        pass


@needs_sandbox
class EndpointTest(CliTest):
    @classmethod
    def setUpClass(cls):
        cls.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
        cls.server.daemon_threads = True
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            cls.closed = free.getsockname()[1]

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        cls.server.server_close()

    def test_every_refusal_is_exit_4_with_a_clear_text(self):
        port = self.server.server_port
        cases = {"401": "answered 401: because of 401", "404": "answered 404: because of 404",
                 "429": "answered 429", "500": "answered 500", "nojson": "model", "empty": "model",
                 "closed": "no connection"}
        begun = {}
        for case in cases:  # side by side, since some are tried again for seconds
            world = World()
            self.addCleanup(world.close)
            world.endpoint(f"http://127.0.0.1:{self.closed if case == 'closed' else port}/{case}")
            begun[case] = (world, world.start("run", "x", "--mode", "instant", "--json"))
        for case, (world, process) in begun.items():
            with self.subTest(case):
                ended = self.check(world.finish(process), 4, cases[case])
                row = ended.json
                self.assertEqual(list(row), ROW_KEYS)
                self.assertEqual((row["status"], row["reason"], row["score"]),
                                 ("error", "model", None))
                self.assertIn(cases[case], row["error"])

    def test_an_endless_reply_is_bounded(self):
        self.world.endpoint(f"http://127.0.0.1:{self.server.server_port}/endless")
        ended = self.world("run", "x", "--mode", "instant", "--json", "--seconds", "20")
        self.check(ended, 1)
        self.assertLess(len(ended.out), 10_000_000)
        self.assertTrue(ended.json["cost_estimated"])

    def test_a_missing_key_names_its_variable(self):
        self.world.configure(model='engine = "openai"\nbase_url = "http://127.0.0.1:1"\nmodel = "m"\n'
                                   'api_key_env = "NO_SUCH_KEY"\n')
        self.check(self.world("run", "x"), 4, "NO_SUCH_KEY")
