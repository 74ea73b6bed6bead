#!/usr/bin/env python3
"""Drives the real `pareto` with a scripted model, as a person and a script would.

Usage: cli_test.py PARETO [unittest arguments]
"""
import http.server
import json
import os
import pathlib
import pty
import socket
import subprocess
import sys
import threading
import unittest

if __name__ == "__main__" and len(sys.argv) > 1:
    os.environ["PARETO_BINARY"] = sys.argv.pop(1)

from world import World, call, calls, interrupt, says, wait_for  # noqa: E402

ROW_KEYS = [
    "schema", "suite", "suite_hash", "task", "class", "repeat", "seed", "mode", "model",
    "mode_used", "model_used", "effort_used", "status", "reason", "score", "answer", "turns",
    "tool_calls", "model_calls", "prompt_tokens", "cached_prompt_tokens", "completion_tokens",
    "reasoning_tokens", "cost_usd", "cost_known", "cost_estimated", "overhead_cost_usd", "seconds",
    "model_seconds", "propensity", "recalled", "run", "error"]

finish = call("finish", answer="done")


def has_bubblewrap():
    return subprocess.run(["bwrap", "--ro-bind", "/", "/", "true"],
                          capture_output=True, check=False).returncode == 0


class CliTest(unittest.TestCase):
    def setUp(self):
        self.world = World()
        self.addCleanup(self.world.close)

    def check(self, ended, status, err=""):
        self.assertEqual(ended.status, status, ended)
        self.assertIn(err, ended.err, ended)
        return ended


class UsageTest(CliTest):
    def test_a_mistyped_word_names_the_nearest(self):
        world = self.world
        for arguments, expected in [
                (["runn"], 'unknown command "runn"; did you mean "run"?'),
                (["runs", "lits"], 'unknown command "lits"; did you mean "list"?'),
                (["run", "--modle", "x"], 'unknown flag "--modle"; did you mean "--mode"?'),
                (["bench", "x", "--jbos", "2"], 'unknown flag "--jbos"; did you mean "--jobs"?'),
                (["run", "x", "--model", "stedy"], 'did you mean "steady"?'),
                (["bench", "tasks.jsonl", "--models", "stedy"], 'did you mean "steady"?'),
                (["run", "x", "--tool", "viev"], "Did you mean view?"),
                (["tools", "show", "viev"], 'unknown tool "viev"; did you mean "view"?'),
                (["models", "pull", "qwen2.5-coder-1.5"], 'did you mean "qwen2.5-coder-1.5b"?')]:
            world.write("tasks.jsonl", '{"id": "a", "prompt": "p"}\n')
            ended = self.check(world(*arguments), 2, expected)
            self.assertEqual(ended.out, "", arguments)
        world.configure("[limits]\nturn = 3\n")
        self.check(world("run", "x"), 2, 'pareto.toml:8: unknown key "limits.turn"; did you mean '
                                         '"limits.turns"?')
        self.check(world("config", "check"), 2, "limits.turns")

    def test_wrong_values_are_usage_errors_that_say_what_is_expected(self):
        for arguments, expected in [
                (["run"], "there is nothing to do"),
                (["run", "x", "--task", "y.json"], "not both"),
                (["run", "--task", "none.json"], "none.json: can't be read"),
                (["run", "x", "--usd", "abc"], "decimal string"),
                (["run", "x", "--usd", "-1"], "negative"),
                (["run", "x", "--turns", "-3"], "--turns: Value -3 not in range 0 to"),
                (["run", "x", "--seconds", "soon"], "expected a number"),
                (["run", "x", "--mode", "fast"], "expected auto, instant, reasoning or agentic"),
                (["run", "x", "--effort", "much"], "low, medium, high"),
                (["run", "x", "--memory", "maybe"], "on,off,read"),
                (["run", "x", "--approve", "perhaps"], "expected ask, all, none or file:PATH"),
                (["run", "x", "--workspace", "none"], "--workspace none: no such folder"),
                (["run", "x", "--workspace", "script.json"], "no such folder"),
                (["bench", "none"], "none: no such suite"),
                (["bench", "x", "--jobs", "0"], "--jobs"),
                (["runs", "show", "zz"], "zz"),
                (["-C", "none", "run", "x"], "none"),
                ([], "subcommand")]:
            ended = self.check(self.world(*arguments), 2, expected)
            self.assertTrue(ended.err.startswith("pareto: "), ended)
            self.assertLess(len(ended.err), 1000, ended)
        self.assertEqual(self.world.runs(), [])

    def test_help_names_every_command_and_has_examples(self):
        ended = self.check(self.world("--help"), 0)
        for command in ("run", "bench", "runs", "models", "tools", "memory", "policy", "config",
                        "doctor"):
            self.assertIn(command, ended.out)
            self.assertIn("pareto " + command, self.check(self.world(command, "--help"), 0).out)

    def test_a_read_only_workspace_is_refused(self):
        folder = self.world.root / "work" / "fixed"
        folder.mkdir()
        if os.geteuid() == 0:
            mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "none", str(folder)],
                                   capture_output=True, text=True, check=False)
            if mount.returncode != 0:
                self.skipTest("root writes everywhere, and mount says: " + mount.stderr.strip())
            self.addCleanup(subprocess.run, ["umount", str(folder)], check=False)
        else:
            folder.chmod(0o555)
        self.check(self.world("run", "x", "--workspace", "fixed"), 2, "readable and writable")


@unittest.skipUnless(has_bubblewrap(), "bubblewrap can't run here")
class RunTest(CliTest):
    def run_json(self, status, *arguments, **more):
        ended = self.world("run", "Do it.", "--json", *arguments, **more)
        self.check(ended, status)
        return ended.json

    def test_the_answer_goes_to_stdout_and_all_else_to_stderr(self):
        ended = self.check(self.world("run", "What is 6 * 7?"), 0, "success (unverified)")
        self.assertEqual(ended.out, "42\n")
        ended = self.check(self.world("run", "What is 6 * 7?", "--quiet"), 0)
        self.assertEqual((ended.out, ended.err), ("42\n", ""))
        ended = self.check(self.world("--state", "elsewhere", "run", "-", "--quiet"), 2)
        self.assertIn("nothing to do", ended.err)

    def test_json_is_one_row_with_the_documented_keys(self):
        ended = self.check(self.world("run", "What is 6 * 7?", "--json", "--mode", "instant"), 0)
        self.assertEqual(ended.out.count("\n"), 1)
        row = ended.json
        self.assertEqual(list(row), ROW_KEYS)
        self.assertEqual(
            {key: row[key] for key in ("schema", "task", "mode", "mode_used", "model", "status",
                                       "reason", "score", "answer", "turns", "cost_usd", "error")},
            {"schema": 1, "task": "prompt", "mode": "instant", "mode_used": "instant",
             "model": "steady", "status": "success", "reason": "unverified", "score": None,
             "answer": "42", "turns": 1, "cost_usd": "0.000120000", "error": None})

    def test_a_failed_check_is_exit_1(self):
        row = self.run_json(1, "--verify", "false", "--mode", "instant")
        self.assertEqual((row["status"], row["reason"]), ("failure", "verify_failed"))
        self.assertEqual(list(row), ROW_KEYS)
        row = self.run_json(0, "--verify", "true", "--mode", "instant")
        self.assertEqual((row["status"], row["reason"]), ("success", "verified"))

    def test_a_refused_budget_is_exit_3_and_nothing_is_spent(self):
        row = self.run_json(3, "--usd", "0.0000001")
        self.assertEqual((row["status"], row["reason"], row["cost_usd"], row["model_calls"]),
                         ("limit", "refused_budget", "0.000000000", 0))
        self.assertIn("0.000000100", row["error"])

    def test_missing_weights_are_exit_4_naming_the_pull(self):
        self.check(self.world("run", "x", "--model", "local"), 4,
                   "pareto models pull qwen2.5-coder-1.5b")
        self.world.write("tasks.jsonl", '{"id": "a", "prompt": "p"}\n')
        self.check(self.world("bench", "tasks.jsonl", "--models", "local"), 4, "pareto models pull")

    def test_dry_run_shows_the_route_without_weights_and_spends_nothing(self):
        ended = self.check(self.world("run", "x", "--model", "local", "--dry-run", "--json"), 0,
                           "a real run would fail")
        route = ended.json
        self.assertEqual(list(route), ["mode", "model", "effort", "arms"])
        self.assertEqual({tuple(arm) for arm in route["arms"]},
                         {("arm", "eligible", "why", "p", "cost_usd", "score", "propensity")})
        self.assertEqual(self.world.runs(), [])
        ended = self.check(self.world("run", "x", "--dry-run"), 0)
        self.assertIn("instant", ended.out)
        self.assertFalse(list((self.world.root / "state" / "pareto" / "runs").glob("*")))

    def test_a_workspace_is_edited_in_place(self):
        self.world.write("repo/a.txt", "one\n")
        self.world.script([calls(call("write", path="b.txt", text="two\n")), calls(finish)])
        ended = self.world("run", "Do it.", "--mode", "agentic", "--workspace", "repo")
        self.check(ended, 0, "+two")
        self.assertEqual(self.world.read("repo/b.txt"), "two\n")
        self.assertEqual(ended.out, "done\n")

    def test_a_task_file_never_changes_its_workspace(self):
        self.world.write("repo/a.txt", "one\n")
        self.world.write("task.json", json.dumps(
            {"id": "t", "prompt": "p", "workspace": "repo", "verify": {"command": "test -f b.txt"}}))
        self.world.script([calls(call("write", path="b.txt", text="two\n")), calls(finish)])
        ended = self.check(self.world("run", "--task", "task.json", "--mode", "agentic"), 0)
        self.assertEqual(ended.out, "done\n")
        self.assertFalse((self.world.root / "work" / "repo" / "b.txt").exists())

    def test_relative_state_and_the_folder_flag_work_together(self):
        self.world.script([calls(call("run", command="pwd")), calls(finish)])
        self.world.write("sub/x", "")
        self.world.write("sub/pareto.toml", self.world.read("pareto.toml"))
        self.check(self.world("-C", "sub", "--state", "st", "run", "x", "--mode", "agentic"), 0)
        self.assertTrue((self.world.root / "work" / "sub" / "st" / "pareto.db").exists())

    def test_events_are_those_of_the_journal(self):
        self.world.script([calls(call("write", path="b.txt", text="two\n")), calls(finish)])
        row = self.run_json(0, "--mode", "agentic", "--events", "events.jsonl")
        self.assertEqual(self.world.read("events.jsonl"),
                         self.check(self.world("runs", "events", row["run"]), 0).out)
        self.assertIn("b.txt", self.check(self.world("runs", "show", row["run"]), 0).out)
        self.check(self.world("run", "x", "--events", "none/events.jsonl"), 2, "can't be written")
        self.assertEqual([run["run"] for run in self.world.runs()], [row["run"]])

    def test_an_invalid_call_ten_times_in_a_row_ends_the_run(self):
        self.world.script([calls(call("view", pth=f"file{i}")) for i in range(40)])
        row = self.run_json(3, "--mode", "agentic")
        self.assertEqual((row["status"], row["reason"]), ("limit", "invalid_calls"), row)
        self.assertLessEqual(row["turns"], 11)

    def test_a_loop_is_stopped(self):
        self.world.script([calls(call("grep", pattern="x"))], repeat_last=True)
        row = self.run_json(3, "--mode", "agentic")
        self.assertEqual((row["status"], row["reason"]), ("limit", "loop"))
        self.assertLessEqual(row["turns"], 8)

    def test_the_turn_limit_keeps_the_answer_of_the_wrap_up(self):
        self.world.script([calls(call("write", path=f"f{i}.txt", text="x")) for i in range(2)] +
                          [calls(call("finish", answer="so far"))])
        ended = self.world("run", "Do it.", "--mode", "agentic", "--turns", "2")
        self.check(ended, 3, "limit (turns)")
        self.assertEqual(ended.out, "so far\n")
        self.assertIn("f1.txt", ended.err)

    def test_nonsense_is_no_crash(self):
        for text in ("\u0000}{ ```\U0001f600", "```json\n" + "[" * 5000, "\u202e" * 100, ""):
            self.world.script([says(text)], repeat_last=True)
            for mode in ("instant", "reasoning", "agentic"):
                ended = self.world("run", "Do it.", "--mode", mode, "--turns", "4", "--json")
                self.assertIn(ended.status, (0, 1, 3), ended)
                self.assertEqual(list(ended.json), ROW_KEYS)

    def test_an_answer_can_not_steer_the_terminal(self):
        self.world.script([says("\u001b[2J\u001b]0;title\u0007red")], repeat_last=True)
        shown = on_terminal(self.world, "run", "x", "--mode", "instant", "--quiet")
        self.assertIn("red", shown)
        self.assertNotIn("\x1b", shown)
        piped = self.world("run", "x", "--mode", "instant", "--quiet")
        self.assertEqual(piped.out, "\x1b[2J\x1b]0;title\x07red\n", "a pipe gets what was said")

    def test_without_a_sandbox_nothing_runs(self):
        ended = self.world("run", "x", environment={"PATH": str(self.world.root)})
        self.check(ended, 4, "bubblewrap")
        self.assertEqual(ended.out, "")

    def test_a_full_disk_is_exit_4_and_says_so(self):
        state = self.world.root / "tiny"
        state.mkdir()
        if os.geteuid() != 0:
            self.skipTest("only root can mount a tiny disk")
        mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "none", str(state)],
                               capture_output=True, text=True, check=False)
        if mount.returncode != 0:
            self.skipTest("mount says: " + mount.stderr.strip())
        self.addCleanup(subprocess.run, ["umount", "-l", str(state)], check=False)
        self.world.script([calls(call("view", path=f"{i}"), text="x" * 60000) for i in range(30)])
        ended = self.world("--state", state, "run", "Do it.", "--mode", "agentic", "--usd", "0.4")
        self.check(ended, 4)
        self.assertRegex(ended.err, "(?i)full|no space")


@unittest.skipUnless(has_bubblewrap(), "bubblewrap can't run here")
class InterruptTest(CliTest):
    def begin(self, delay_ms):
        """A run that has written b.txt and is in the middle of its second call."""
        world = self.world
        world.write("repo/a.txt", "one\n")
        world.script([calls(call("write", path="b.txt", text="two\n")),
                      calls(call("finish", answer="so far"), delay_ms=delay_ms)])
        process = world.start("run", "Do it.", "--mode", "agentic", "--workspace", "repo",
                              "--events", "events.jsonl")
        events = world.root / "work" / "events.jsonl"
        self.assertTrue(wait_for(lambda: events.exists() and
                                 events.read_text().count('"call_begun"') == 2))
        return process

    def test_once_wraps_up_and_keeps_the_work(self):
        process = self.begin(400)
        interrupt(process)
        ended = self.check(self.world.finish(process), 130, "Wrapping up")
        self.assertEqual(ended.out, "so far\n")
        self.assertIn("cancelled (cancelled)", ended.err)
        self.assertEqual(self.world.read("repo/b.txt"), "two\n")

    def test_twice_stops_at_once_and_resume_finishes(self):
        process = self.begin(1500)
        interrupt(process)
        self.assertTrue(wait_for(lambda: '"cancel_requested"' in self.world.read("events.jsonl") or
                                 process.poll() is not None))
        interrupt(process)
        ended = self.check(self.world.finish(process), 130, "pareto runs resume")
        self.assertEqual(ended.out, "")
        run = self.world.runs()[0]
        self.assertEqual(run["status"], "running")
        ended = self.world("runs", "resume", run["run"])
        self.assertEqual(ended.out, "so far\n", ended)
        self.assertEqual(ended.status, 130, ended)  # it was asked to stop
        self.check(self.world("runs", "resume", run["run"]), 2, "has finished")

    def test_a_stopped_bench_goes_on_with_the_same_command(self):
        world = self.world
        world.script([says("42", delay_ms=200)], repeat_last=True)
        world.write("tasks.jsonl", "".join(json.dumps({"id": f"t{i}", "prompt": "p"}) + "\n"
                                           for i in range(4)))
        command = ("bench", "tasks.jsonl", "--modes", "instant", "--out", "out")
        rows = world.root / "work" / "out" / "results.jsonl"
        process = world.start(*command)
        self.assertTrue(wait_for(lambda: rows.exists() and rows.read_text().count("\n") == 1))
        self.assertNotEqual(world(*command).status, 0, "another bench writes there")
        interrupt(process)
        self.check(world.finish(process), 130, "The same command goes on where it stopped.")
        self.assertLess(rows.read_text().count("\n"), 4)
        self.check(world(*command), 0)
        tasks = [json.loads(line)["task"] for line in rows.read_text().splitlines()]
        self.assertEqual(tasks, ["t0", "t1", "t2", "t3"])

    def test_a_killed_run_is_resumed(self):
        process = self.begin(300)
        process.kill()
        self.world.finish(process)
        run = self.world.runs()[0]["run"]
        ended = self.check(self.world("runs", "resume", run[:-1], "--json"), 0)
        self.assertEqual((ended.json["status"], ended.json["answer"]), ("success", "so far"))

    def test_a_run_under_way_can_be_cancelled_but_not_resumed(self):
        process = self.begin(1500)
        run = self.world.runs()[0]["run"]
        self.assertNotEqual(self.world("runs", "resume", run).status, 0)
        self.check(self.world("runs", "cancel", run), 0)
        self.check(self.world.finish(process), 130, "cancelled")


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


@unittest.skipUnless(has_bubblewrap(), "bubblewrap can't run here")
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
        self.assertIn(ended.status, (0, 3, 4), ended)
        self.assertLess(len(ended.out), 10_000_000)
        self.assertTrue(ended.json["cost_estimated"])

    def test_a_missing_key_names_its_variable(self):
        self.world.configure(model='engine = "openai"\nbase_url = "http://127.0.0.1:1"\nmodel = "m"\n'
                                   'api_key_env = "NO_SUCH_KEY"\n')
        self.check(self.world("run", "x"), 4, "NO_SUCH_KEY")


def on_terminal(world, *arguments, environment=None):
    """What a terminal shows of stdout and stderr."""
    master, slave = pty.openpty()
    process = subprocess.Popen([os.environ["PARETO_BINARY"], *arguments], cwd=world.root / "work",
                               env={**world.environment, "TERM": "xterm", **(environment or {})},
                               stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    shown = b""
    try:
        while piece := os.read(master, 65536):
            shown += piece
    except OSError:  # the other side was closed
        pass
    process.wait(timeout=60)
    os.close(master)
    return shown.decode(errors="replace")


@unittest.skipUnless(has_bubblewrap(), "bubblewrap can't run here")
class TerminalTest(CliTest):
    def test_escape_codes_are_for_terminals_only(self):
        self.assertIn("\x1b[", on_terminal(self.world, "run", "x"))
        for quiet in ({"NO_COLOR": "1"},):
            self.assertNotIn("\x1b", on_terminal(self.world, "run", "x", environment=quiet))
        self.world.write("tasks.jsonl", '{"id": "a", "prompt": "p"}\n')
        run = self.world.runs()[0]["run"]
        for arguments in (["run", "x"], ["bench", "tasks.jsonl"], ["runs", "list"],
                          ["runs", "show", run], ["policy", "explain", run], ["policy", "show"],
                          ["models", "list"], ["tools", "list"], ["config", "show"], ["doctor"],
                          ["memory", "list"], ["memory", "stats"], ["--help"]):
            ended = self.world(*arguments)
            self.assertIn(ended.status, (0, 1), ended)
            self.assertNotIn("\x1b", ended.out + ended.err, arguments)


@unittest.skipUnless(has_bubblewrap(), "bubblewrap can't run here")
class OtherCommandsTest(CliTest):
    def test_bench_writes_rows_and_goes_on(self):
        self.world.write("tasks.jsonl", '\n'.join(json.dumps(
            {"id": f"t{i}", "prompt": "p", "score": {"type": "number", "answer": 40 + i}})
            for i in range(4)))
        ended = self.check(self.world("bench", "tasks.jsonl", "--modes", "instant", "--jobs", "2",
                                      "--json"), 0)
        rows = [json.loads(line) for line in ended.out.splitlines()]
        self.assertEqual([row["score"] for row in rows], [0, 0, 1, 0])
        self.assertEqual(list(rows[0]), ROW_KEYS)
        path = "pareto-bench/tasks/results.jsonl"
        before = self.world.read(path)
        ended = self.check(self.world("bench", "tasks.jsonl", "--modes", "instant"), 0)
        self.assertIn("1/4", ended.out)
        self.assertEqual(self.world.read(path), before)
        self.world.write("tasks.jsonl", '{"id": "other", "prompt": "p"}\n')
        self.check(self.world("bench", "tasks.jsonl"), 2, "another version of the suite")

    def test_bench_with_an_error_row_is_exit_4(self):
        self.world.script([{"error": {"code": "unavailable", "message": "down"}}])
        self.world.write("tasks.jsonl", '{"id": "a", "prompt": "p"}\n')
        ended = self.check(self.world("bench", "tasks.jsonl", "--out", "out"), 4)
        self.assertIn("infrastructure errors", ended.out)

    def test_bench_check_needs_no_model(self):
        self.world.write("set/suite.toml", 'null = true\noracle = "echo 5"\n')
        task = {"id": "a", "prompt": "p", "score": {"type": "number", "answer": 5}}
        self.world.write("set/tasks.jsonl", json.dumps(task))
        ended = self.check(self.world("bench", "set", "--check", "--models", "local"), 0)
        self.assertIn("the oracle solves 1; doing nothing scores 0 on 1", ended.out)
        ended = self.check(self.world("bench", "set", "--check", "--json"), 0)
        self.assertEqual((ended.json["tasks"], ended.json["oracle_passed"]), (1, 1))
        task["score"]["answer"] = 6
        self.world.write("set/tasks.jsonl", json.dumps(task))
        ended = self.check(self.world("bench", "set", "--check"), 1)
        self.assertIn("FAILED task a: the oracle scored 0, expected 1", ended.out)
        self.world.write("set/tasks.jsonl", '{"id": "a",\n')
        self.check(self.world("bench", "set", "--check"), 2, "tasks.jsonl:1: not valid JSON")
        self.assertFalse(list((self.world.root / "state" / "pareto").glob("check-*")))

    def test_doctor_says_what_is_missing_and_how_to_mend_it(self):
        ended = self.check(self.world("doctor"), 0)
        self.assertIn("sandbox: ", ended.out)
        self.assertIn("pareto models pull qwen2.5-coder-1.5b", ended.out)
        findings = self.check(self.world("doctor", "--json"), 0).json
        self.assertEqual({tuple(finding) for finding in findings},
                         {("what", "good", "required", "detail", "advice")})
        ended = self.check(self.world("doctor", environment={"PATH": str(self.world.root)}), 1)
        self.assertIn("MISSING", ended.out)
        self.assertIn("bubblewrap", ended.out)

    def test_a_damaged_state_file_is_named(self):
        self.check(self.world("run", "x"), 0)
        database = self.world.root / "state" / "pareto" / "pareto.db"
        for suffix in ("-wal", "-shm"):
            pathlib.Path(str(database) + suffix).unlink(missing_ok=True)
        database.write_bytes(b"no database at all" * 1000)
        for arguments in (["runs", "list"], ["run", "x"], ["memory", "list"]):
            ended = self.world(*arguments)
            self.assertIn(ended.status, (1, 4), ended)
            self.assertIn("pareto.db", ended.err)
        self.check(self.world("doctor"), 1)

    def test_tools_are_called_in_the_sandbox(self):
        self.world.write("a.txt", "hello\n")
        ended = self.check(self.world("tools", "call", "view", '{"path": "a.txt"}'), 0)
        self.assertIn("hello", ended.out)
        self.check(self.world("tools", "call", "view", '{"pth": "a.txt"}'), 2, "invalid_call")
        self.check(self.world("tools", "call", "view", '{"path": "none"}'), 1)

    def test_config_shows_where_values_come_from(self):
        ended = self.check(self.world("config", "show", "--json",
                                      environment={"PARETO_LIMITS_TURNS": "7"}), 0)
        self.assertEqual(ended.json["limits.turns"],
                         {"value": 7, "origin": "PARETO_LIMITS_TURNS"})
        self.assertEqual(ended.json["models.steady.engine"]["origin"], "pareto.toml:2")
        ended = self.check(self.world("config", "path"), 0)
        self.assertEqual(ended.out.splitlines()[-1], "pareto.toml")

    def test_what_was_learned_can_be_seen_and_forgotten(self):
        self.check(self.world("run", "Fix the failing test.", "--verify", "true"), 0)
        self.assertEqual(len(self.world("memory", "list").out.splitlines()), 1)
        self.check(self.world("memory", "check"), 0)
        self.check(self.world("memory", "forget", "all"), 0)
        self.assertEqual(self.world("memory", "list").out, "")
        self.check(self.world("run", "x", "--memory", "off"), 0)
        self.check(self.world("run", "x", "--learn", "off"), 0)
        self.assertEqual(self.world("memory", "list").out, "")


if __name__ == "__main__":
    unittest.main()
