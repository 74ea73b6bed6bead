#!/usr/bin/env python3
"""`pareto serve` as its clients see it: a real process, a scripted model, real sockets.

Usage: serve_test.py PARETO
"""
import concurrent.futures
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

PARETO = ""
TOKEN = "a-token-of-the-test"
SCRIPT = {"scripts": [
    {"match": "hello", "replies": [{"text": "Hello to all of you out there.", "delay_ms": 50}]},
    {"match": "steps", "replies": [
        *({"tool_calls": [{"name": "write", "arguments": {"path": f"{i}.txt", "text": f"{i}\n"}}],
           "delay_ms": 50} for i in range(20)),
        {"tool_calls": [{"name": "finish", "arguments": {"answer": "twenty"}}]}]},
    {"match": "wait", "replies": [
        {"tool_calls": [{"name": "run", "arguments": {"command": "sleep 600"}}]},
        {"tool_calls": [{"name": "finish", "arguments": {"answer": "stopped"}}]}]},
    {"replies": [{"text": "?"}]}]}


def task(prompt, *tools):
    return {"mode": "agentic",
            "task": {"id": prompt, "prompt": prompt, "tools": ["finish", *tools]}}


STEPS = task("steps", "write")
WAIT = task("wait", "run")


class Server:
    """A state folder, and the process that serves it."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        (self.root / "script.json").write_text(json.dumps(SCRIPT))
        (self.root / "token").write_text(TOKEN + "\n")
        (self.root / "pareto.toml").write_text(
            f'[models.s]\nengine = "scripted"\nscript = "{root}/script.json"\n'
            'price = { input = "1", output = "2" }\n[policy]\ndefault_model = "s"\nexploration = 0.0\n')
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(root),
                            "PARETO_STATE": f"{root}/state"}
        self.process = None
        self.port = 0

    def start(self, *arguments):
        self.process = subprocess.Popen(
            [PARETO, "serve", "--listen", "127.0.0.1:0", *arguments], cwd=self.root,
            env=self.environment, stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            if line.startswith("Listening on http://127.0.0.1:"):
                self.port = int(line.rsplit(":", 1)[1])
                return self
        raise AssertionError(f"no server, status {self.process.wait()}")

    def end(self, number=signal.SIGTERM):
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.process.communicate(timeout=40)
        return self.process.returncode

    def pareto(self, *arguments):
        done = subprocess.run([PARETO, *arguments], cwd=self.root, env=self.environment,
                              capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr

    def call(self, method, path, body=None, headers=None):
        """Status, headers and body, which is read as JSON if it is any."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {"Authorization": "Bearer " + TOKEN, **(headers or {})}
        if body is not None and not isinstance(body, (str, bytes)):
            body = json.dumps(body)
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        kind = answer.getheader("Content-Type", "")
        return answer.status, answer.headers, json.loads(text) if "json" in kind else text

    def begin(self, body):
        status, _, run = self.call("POST", "/v1/runs", body)
        assert status == 201, run
        return run["run"]

    def show(self, run):
        return self.call("GET", "/v1/runs/" + run)[2]

    def until(self, run, good):
        for _ in range(400):
            shown = self.show(run)
            if good(shown):
                return shown
            time.sleep(0.05)
        raise AssertionError(f"still {shown}")

    def curl(self, path, *arguments):
        return subprocess.Popen(
            ["curl", "-sN", "--max-time", "30", "-H", "Authorization: Bearer " + TOKEN, *arguments,
             f"http://127.0.0.1:{self.port}{path}"], stdout=subprocess.PIPE, text=True)

    def raw(self, data):
        """What comes back until the server closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            connection.sendall(data)
            answer = b""
            while chunk := connection.recv(65536):
                answer += chunk
            return answer


def frames(text):
    """The frames of an event stream, without its comments."""
    read = []
    for block in text.split("\n\n"):
        frame = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if frame:
            read.append(frame)
    return read


def ids(read):
    return [int(frame["id"]) for frame in read if "id" in frame]


class ServeTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="pareto-serve-")
        os.chmod(self.folder.name, 0o755)  # tools run as another user
        self.server = Server(self.folder.name)
        self.addCleanup(self.folder.cleanup)
        self.addCleanup(self.server.end, signal.SIGKILL)

    def serve(self):
        return self.server.start("--token-file", "token")

    def assert_problem(self, answer, status):
        got, headers, body = answer
        self.assertEqual(got, status, body)
        self.assertEqual(headers["Content-Type"], "application/problem+json")
        self.assertEqual(body["status"], status)
        self.assertTrue(body["title"] and body["detail"])

    def test_a_run_is_started_once_listed_shown_and_told_like_one_of_the_shell(self):
        server = self.serve()
        body = {"prompt": "Say hello."}
        key = {"Idempotency-Key": "the-key"}
        status, headers, run = server.call("POST", "/v1/runs", body, key)
        self.assertEqual(status, 201)
        self.assertEqual(headers["Location"], "/v1/runs/" + run["run"])
        again, _, same = server.call("POST", "/v1/runs", body, key)
        self.assertEqual((again, same["run"]), (200, run["run"]))
        self.assert_problem(server.call("POST", "/v1/runs", {"prompt": "Other."}, key), 409)

        shown = server.until(run["run"], lambda one: one["outcome"])
        self.assertEqual(shown["outcome"]["answer"], "Hello to all of you out there.")
        listed = server.call("GET", "/v1/runs")[2]
        self.assertEqual([one["run"] for one in listed["runs"]], [run["run"]])

        status, told, _ = server.pareto("runs", "show", run["run"])
        self.assertEqual(status, 0)
        self.assertIn("Hello to all of you out there.", told)
        status, text, _ = server.pareto("runs", "show", run["run"], "--json")
        self.assertEqual(json.loads(text), shown)

    def test_a_stream_goes_to_the_end_and_comes_back_where_it_broke(self):
        server = self.serve()
        run = server.begin(STEPS)
        path = f"/v1/runs/{run}/events"
        cut = server.curl(path)
        seen = []
        while len(ids(seen)) < 12:
            text = ""
            while not text.endswith("\n\n"):
                text += cut.stdout.readline()
            seen += frames(text)
        cut.kill()
        cut.communicate()
        last = ids(seen)[-1]
        out, _ = server.curl(path, "-H", f"Last-Event-ID: {last}").communicate()
        rest = frames(out)
        self.assertEqual(ids(rest)[0], last + 1)
        everything = ids(seen) + ids(rest)
        self.assertEqual(everything, list(range(1, len(everything) + 1)))
        self.assertEqual(rest[-1]["event"], "finished")
        for frame in seen + rest:
            if frame["event"] != "delta":
                self.assertEqual(json.loads(frame["data"])["seq"], int(frame["id"]))

        lines = server.pareto("runs", "events", run)[1].splitlines()
        kept = [frame["data"] for frame in seen + rest if "id" in frame]
        self.assertEqual([json.loads(line) for line in lines], [json.loads(one) for one in kept])
        status, _, _ = server.call("GET", path, headers={"Last-Event-ID": str(everything[-1])})
        self.assertEqual(status, 204)

    def test_many_follow_many_runs_at_once(self):
        server = self.serve()
        runs = [server.begin(STEPS) for _ in range(4)]
        streams = [server.curl(f"/v1/runs/{run}/events") for run in runs for _ in range(3)]
        outs = [stream.communicate()[0] for stream in streams]
        for at, run in enumerate(runs):
            mine = [ids(frames(out)) for out in outs[3 * at:3 * at + 3]]
            self.assertEqual(server.show(run)["outcome"]["answer"], "twenty")
            for numbers in mine:
                self.assertEqual(numbers, list(range(1, len(mine[0]) + 1)))

    def test_the_same_key_from_many_clients_starts_one_run(self):
        server = self.serve()
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(
                lambda _: server.call("POST", "/v1/runs", {"prompt": "Say hello."},
                                      {"Idempotency-Key": "k"}), range(16)))
        self.assertLessEqual({status for status, _, _ in answers}, {200, 201, 409})
        self.assertEqual([status for status, _, _ in answers].count(201), 1)
        self.assertEqual(len(server.call("GET", "/v1/runs")[2]["runs"]), 1)

    def test_a_run_can_be_cancelled_by_a_client_and_from_the_shell(self):
        server = self.serve()
        started = [server.begin(WAIT), server.begin(WAIT)]
        self.assertEqual(server.call("POST", f"/v1/runs/{started[0]}/cancel")[0], 202)
        self.assertEqual(server.pareto("runs", "cancel", started[1])[0], 0)
        for run in started:
            shown = server.until(run, lambda one: one["outcome"])
            self.assertEqual(shown["status"], "cancelled")
            self.assert_problem(server.call("POST", f"/v1/runs/{run}/cancel"), 409)

    def test_refuses_what_it_must(self):
        server = self.serve()
        none = "/v1/runs/01JD0000000000000000000000"
        for status, method, path, body, headers in [
                (401, "GET", "/v1/runs", None, {"Authorization": "Bearer wrong"}),
                (401, "GET", "/v1/runs", None, {"Authorization": ""}),
                (403, "GET", "/v1/runs", None, {"Host": "evil.example"}),
                (403, "GET", "/healthz", None, {"Origin": "https://evil.example"}),
                (404, "GET", none, None, {}),
                (404, "GET", none + "/events", None, {}),
                (404, "POST", none + "/cancel", None, {}),
                (404, "GET", "/v2/runs", None, {}),
                (405, "PUT", "/v1/runs", "{}", {}),
                (405, "GET", none + "/cancel", None, {}),
                (415, "POST", "/v1/runs", "prompt=x",
                 {"Content-Type": "application/x-www-form-urlencoded"}),
                (422, "POST", "/v1/runs", "{", {}),
                (422, "POST", "/v1/runs", b'{"prompt": "\xff"}', {}),
                (422, "POST", "/v1/runs", "[" * 100_000, {}),
                (422, "POST", "/v1/runs", {"prompt": "x", "modle": "s"}, {})]:
            with self.subTest(path=path, status=status):
                self.assert_problem(server.call(method, path, body, headers), status)
        self.assertEqual(server.call("GET", "/healthz", headers={"Authorization": ""})[0], 200)

    def test_answers_what_is_too_large_and_goes_on(self):
        server = self.serve()
        host = b"Host: localhost\r\n"
        self.assertIn(b"HTTP/1.1 431 ", server.raw(
            b"GET / HTTP/1.1\r\n" + host + b"X: " + b"a" * 9000 + b"\r\n\r\n"))
        self.assertIn(b"HTTP/1.1 413 ", server.raw(
            b"POST /v1/runs HTTP/1.1\r\n" + host + b"Content-Length: 99000000\r\n\r\nabc"))
        self.assertEqual(server.raw(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"), b"")
        self.assertEqual(server.call("GET", "/readyz")[2], {"status": "ready"})

    def test_told_to_end_it_lets_runs_wrap_up(self):
        server = self.serve()
        runs = [server.begin(WAIT), server.begin(STEPS)]
        stream = server.curl(f"/v1/runs/{runs[0]}/events")
        self.assertEqual(stream.stdout.readline(), "id: 1\n")
        server.until(runs[0], lambda one: one["receipt"]["model_calls"])
        self.assertEqual(server.end(signal.SIGTERM), 0)
        self.assertEqual(frames(stream.communicate()[0])[-1]["event"], "finished")
        listed = json.loads(server.pareto("runs", "list", "--json")[1])["runs"]
        statuses = {one["run"]: one["status"] for one in listed}
        self.assertEqual(set(statuses), set(runs))
        self.assertEqual(statuses[runs[0]], "cancelled")
        self.assertIn(statuses[runs[1]], ("cancelled", "success"))

    def test_a_second_signal_ends_at_once_and_runs_can_be_resumed(self):
        server = self.serve()
        run = server.begin(WAIT)
        server.until(run, lambda one: one["receipt"]["model_calls"])
        server.process.send_signal(signal.SIGINT)
        server.process.send_signal(signal.SIGTERM)
        self.assertIn(server.end(0), (0, 130))
        status, out, err = server.pareto("runs", "resume", run)
        shown = json.loads(server.pareto("runs", "show", run, "--json")[1])
        self.assertEqual(shown["status"], "cancelled", out + err)

    def test_after_a_kill_the_shell_resumes_the_run_and_a_new_server_shows_it(self):
        server = self.serve()
        run = server.begin(STEPS)
        server.until(run, lambda one: one["receipt"]["tool_calls"] >= 3)
        server.end(signal.SIGKILL)
        status, out, err = server.pareto("runs", "resume", run)
        self.assertEqual((status, out), (0, "twenty\n"), err)
        server = self.serve()
        shown = server.show(run)
        self.assertEqual((shown["status"], shown["outcome"]["answer"]), ("success", "twenty"))
        events = frames(server.curl(f"/v1/runs/{run}/events").communicate()[0])
        self.assertEqual(sum(frame["event"] == "resumed" for frame in events), 1)

    def test_other_machines_need_a_token(self):
        status, _, err = self.server.pareto("serve", "--listen", "0.0.0.0:0")
        self.assertEqual(status, 2)
        self.assertIn("--token-file", err)
        for place in ["127.0.0.1", "here:1", "127.0.0.1:99999", "::1:80", ":80"]:
            status, _, err = self.server.pareto("serve", "--listen", place)
            self.assertEqual(status, 2, place)
        (self.server.root / "empty").write_text("\n")
        status, _, err = self.server.pareto("serve", "--token-file", "empty")
        self.assertEqual(status, 2)
        self.assertIn("empty", err)

    def test_the_token_may_come_from_the_environment(self):
        self.server.environment["PARETO_TOKEN"] = TOKEN
        server = self.server.start()
        self.assertEqual(server.call("GET", "/v1/runs")[0], 200)
        self.assertEqual(server.call("GET", "/v1/runs", headers={"Authorization": ""})[0], 401)


if __name__ == "__main__":
    PARETO = sys.argv.pop(1)
    unittest.main()
