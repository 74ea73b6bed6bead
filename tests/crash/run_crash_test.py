#!/usr/bin/env python3
"""Kills `pareto run` with SIGKILL at random moments and resumes it until it has finished.

Usage: run_crash_test.py PARETO TICK_PLUGIN [--kills N] [--in-steps N] [--seed N]

However often a run was killed, it must end as an undisturbed one: same status, same answer, same
bytes in the workspace. A tool that is not idempotent never runs twice for one call, and a call that
was interrupted has exactly one result that says so. No model call whose reply was durable is made
again; one that was lost is charged at its reservation and made once more.
"""
import argparse
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

TICKS = 6
TASK = {
    "id": "crash",
    "prompt": "Count to six and write it down.",
    "files": {"start.txt": "0\n"},
    "tools": ["tick", "write", "finish"],
    "verify": {"command": "test -s out5.txt", "seconds": 10},
}


def script():
    replies = []
    for i in range(TICKS):
        calls = [{"name": "tick", "arguments": {"label": f"t{i}"}},
                 {"name": "write", "arguments": {"path": f"out{i}.txt", "text": f"step {i}\n" * 50}}]
        replies.append({"text": f"step {i}", "tool_calls": calls, "delay_ms": 15})
    replies.append({"text": "done",
                    "tool_calls": [{"name": "finish", "arguments": {"answer": "six"}}]})
    return {"scripts": [{"replies": replies}]}


class World:
    """A state folder, a configuration and a file of ticks."""

    def __init__(self, pareto, plugin, root):
        self.pareto, self.root = pareto, root
        self.ticks = root / "ticks"
        (root / "script.json").write_text(json.dumps(script()))
        (root / "task.json").write_text(json.dumps(TASK))
        (root / "pareto.toml").write_text(
            f'[models.s]\nengine = "scripted"\nscript = "{root}/script.json"\n'
            'price = { input = "1", output = "2" }\n'
            '[policy]\ndefault_model = "s"\n'
            f'[tools.c.tick]\nlibrary = "{plugin}"\n')
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(root),
                            "TICKS_FILE": str(self.ticks), "PARETO_STATE": str(root / "state")}

    def start(self, *arguments):
        return subprocess.Popen([self.pareto, *arguments], cwd=self.root, env=self.environment,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def call(self, *arguments):
        process = self.start(*arguments)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    def events(self, run):
        status, out, err = self.call("runs", "events", run)
        assert status == 0, err
        return [json.loads(line) for line in out.splitlines()]

    def runs(self):
        status, out, err = self.call("runs", "list", "--json")
        assert status == 0, err
        return json.loads(out)["runs"]

    def workspace(self, run):
        folder = self.root / "state" / "runs" / run / "workspace"
        return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def kill_after(process, seconds):
    """True when it was killed, False when it had ended by itself."""
    try:
        process.wait(timeout=seconds)
        process.communicate()
        return False
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.communicate()
        return True


def open_step(events):
    """Whether a step had begun and had a call without a result when the journal ended."""
    waiting = set()
    for event in events:
        if event["type"] == "step_begun":
            waiting = {call["id"] for call in event["calls"]}
        elif event["type"] == "step_ended":
            waiting.discard(event["result"]["call_id"])
    return bool(waiting)


def check_run(world, run, expected):
    events = world.events(run)
    finished = events[-1]
    assert finished["type"] == "finished", finished["type"]
    outcome = finished["outcome"]
    got = (outcome["status"], outcome["reason"], outcome["answer"], world.workspace(run))
    assert got[:3] == expected[:3], f"run {run} ended as {got[:3]}, expected {expected[:3]}"
    assert got[3] == expected[3], f"run {run} left {sorted(got[3])}, expected {sorted(expected[3])}"
    replies = [e for e in events if e["type"] == "call_ended" and "message" in e]
    lost = [e for e in events if e["type"] == "call_ended" and "message" not in e]
    begun = {e["call"]: e for e in events if e["type"] == "call_begun"}
    assert len(replies) == TICKS + 1, f"{len(replies)} durable replies: one was paid twice"
    assert len(begun) == len(replies) + len(lost)
    for event in lost:
        assert event["estimated"] and event["settled_usd"] == begun[event["call"]]["reserved_usd"]
    settled = sum(int(e["settled_usd"].replace(".", "")) for e in replies + lost)
    assert settled == int(outcome["receipt"]["cost_usd"].replace(".", "")), "the sum is wrong"
    results = {}
    for event in events:
        if event["type"] == "step_ended":
            results.setdefault(event["result"]["call_id"], []).append(event["result"]["status"])
    for call, statuses in results.items():
        assert len(statuses) == 1, f"call {call} has {len(statuses)} results"
    interrupted = sum(statuses == ["interrupted"] for statuses in results.values())
    return interrupted


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("pareto")
    parser.add_argument("plugin")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--in-steps", type=int, default=50)
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1 << 32)
    dice = random.Random(seed)
    print(f"seed {seed}")
    with tempfile.TemporaryDirectory() as folder:
        world = World(os.path.abspath(options.pareto), os.path.abspath(options.plugin),
                      pathlib.Path(folder))
        status, out, err = world.call("run", "--task", "task.json", "--mode", "agentic", "--json",
                                      "--quiet")
        assert status == 0, err
        row = json.loads(out)
        expected = (row["status"], row["reason"], row["answer"], world.workspace(row["run"]))
        known = {row["run"]}
        ticks = world.ticks.read_text().splitlines()
        assert len(ticks) == TICKS, ticks

        kills = in_steps = runs = interrupted = 0
        deadline = time.monotonic() + 400
        while kills < options.kills or in_steps < options.in_steps:
            assert time.monotonic() < deadline, f"too slow: {kills} kills"
            world.ticks.write_text("")
            process = world.start("run", "--task", "task.json", "--mode", "agentic", "--quiet")
            killed = kill_after(process, dice.uniform(0.02, 0.6))
            kills += killed
            new = [r["run"] for r in world.runs() if r["run"] not in known]
            if not new:
                continue  # killed before the first event was durable: there is no run
            run = new[0]
            known.add(run)
            runs += 1
            while killed:
                in_steps += open_step(world.events(run))
                process = world.start("runs", "resume", run, "--quiet")
                killed = kill_after(process, dice.uniform(0.02, 0.6))
                kills += killed
                if not killed and world.events(run)[-1]["type"] != "finished":
                    raise AssertionError(f"resume of {run} ended without finishing")
            ticked = [json.loads(line)["label"] for line in world.ticks.read_text().splitlines()]
            assert len(ticked) == len(set(ticked)), f"a step ran twice: {ticked}"
            interrupted += check_run(world, run, expected)
        print(f"{kills} kills, {in_steps} of them within a step, {runs} runs, "
              f"{interrupted} interrupted calls")
    return 0


sys.exit(main())
