#!/usr/bin/env python3
"""Drives the real `pareto` with a scripted model, as a person and a script would.

Usage: cli_test.py PARETO [unittest arguments]
"""
import json
import os
import subprocess
import sys
import unittest

if __name__ == "__main__" and len(sys.argv) > 1:
    os.environ["PARETO_BINARY"] = sys.argv.pop(1)

from world import FINISH, ROW_KEYS, CliTest, call, calls, needs_sandbox, on_terminal, says  # noqa: E402
from command_cases import OtherCommandsTest, TerminalTest  # noqa: E402,F401
from endpoint_cases import EndpointTest  # noqa: E402,F401
from interrupt_cases import InterruptTest  # noqa: E402,F401


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


@needs_sandbox
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
        self.world.script([calls(call("write", path="b.txt", text="two\n")), calls(FINISH)])
        ended = self.world("run", "Do it.", "--mode", "agentic", "--workspace", "repo")
        self.check(ended, 0, "+two")
        self.assertEqual(self.world.read("repo/b.txt"), "two\n")
        self.assertEqual(ended.out, "done\n")

    def test_a_task_file_never_changes_its_workspace(self):
        self.world.write("repo/a.txt", "one\n")
        self.world.write("task.json", json.dumps(
            {"id": "t", "prompt": "p", "workspace": "repo", "verify": {"command": "test -f b.txt"}}))
        self.world.script([calls(call("write", path="b.txt", text="two\n")), calls(FINISH)])
        ended = self.check(self.world("run", "--task", "task.json", "--mode", "agentic"), 0)
        self.assertEqual(ended.out, "done\n")
        self.assertFalse((self.world.root / "work" / "repo" / "b.txt").exists())

    def test_instant_writes_files_whatever_tools_the_task_names(self):
        self.world.write("task.json", json.dumps(
            {"id": "t", "prompt": "tests.py fails. Fix the bug in a.py.", "tools": ["view"],
             "files": {"a.py": "x = 1\n"}, "verify": {"command": "grep -q 'x = 2' a.py"}}))
        self.world.script([says("```python\nx = 2\n```")])
        ended = self.check(self.world("run", "--task", "task.json", "--mode", "instant"), 0, "+x = 2")
        self.assertIn("success (verified)", ended.err)

    def test_a_task_that_names_its_tools_offers_no_other(self):
        self.world.write("task.json", json.dumps(
            {"id": "t", "prompt": "p", "tools": ["view"], "files": {"a.txt": "one\n"}}))
        self.world.script([calls(call("run", command="echo > b.txt")), calls(FINISH)])
        self.check(self.world("run", "--task", "task.json", "--mode", "agentic"), 0)
        results = [e["result"] for e in self.world.events(self.world.runs()[0]["run"])
                   if e["type"] == "step_ended"]
        self.assertEqual([r["status"] for r in results], ["invalid_call", "ok"])
        self.assertIn("Tools: finish, view.", results[0]["text"])

    def test_relative_state_and_the_folder_flag_work_together(self):
        self.world.script([calls(call("run", command="pwd")), calls(FINISH)])
        self.world.write("sub/x", "")
        self.world.write("sub/pareto.toml", self.world.read("pareto.toml"))
        self.check(self.world("-C", "sub", "--state", "st", "run", "x", "--mode", "agentic"), 0)
        self.assertTrue((self.world.root / "work" / "sub" / "st" / "pareto.db").exists())

    def test_events_are_those_of_the_journal(self):
        self.world.script([calls(call("write", path="b.txt", text="two\n")), calls(FINISH)])
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


if __name__ == "__main__":
    unittest.main()
