#!/usr/bin/env python3
"""Kills `pareto bench` with SIGKILL in the middle and gives the same command again.

Usage: bench_crash_test.py PARETO [--rounds N] [--kills N] [--seed N]

However often a bench was killed: no row that was finished is lost or changed, every cell has its row
in the end with the score of an undisturbed bench, no model call whose reply was durable is made
again, and a call that was under way is charged at its reservation and is in the row of its run. A
bench with many jobs gives the rows of one job.
"""
import argparse
import collections
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

TASKS = 6
TURNS = 3
# What may differ between two benches that did the same.
OWN = ("run", "seconds", "model_seconds")
# What a call that was lost changes.
LOST = OWN + ("cost_usd", "cost_without_cache_usd", "cost_estimated", "model_calls",
              "prompt_tokens", "completion_tokens", "cached_prompt_tokens", "reasoning_tokens")


def script(delay_ms):
    scripts = []
    for task in range(TASKS):
        usage = {"prompt_tokens": 100 + task, "completion_tokens": 10}
        replies = [{"tool_calls": [{"name": "write", "arguments": {
            "path": f"f{turn}.txt", "text": f"{task} {turn}\n"}}], "usage": usage,
            "delay_ms": delay_ms} for turn in range(TURNS)]
        replies.append({"tool_calls": [{"name": "finish", "arguments": {"answer": str(task)}}],
                        "usage": usage, "delay_ms": delay_ms})
        scripts.append({"match": f"task number {task}.", "replies": replies})
    return {"scripts": scripts}


class World:
    def __init__(self, pareto, root):
        self.pareto, self.root = pareto, root
        self.say(20)
        (root / "tasks.jsonl").write_text("".join(json.dumps({
            "id": f"t{i}", "prompt": f"This is task number {i}.", "tools": ["write", "finish"],
            "score": {"type": "number", "answer": i if i % 2 else -1}}) + "\n"
            for i in range(TASKS)))
        (root / "pareto.toml").write_text(
            f'[models.s]\nengine = "scripted"\nscript = "{root}/script.json"\n'
            'price = { input = "1", output = "2" }\nmax_output_tokens = 256\n'
            '[policy]\ndefault_model = "s"\nmodels = ["s"]\n[limits]\nusd = "0.50"\n')
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(root)}

    def say(self, delay_ms):
        (self.root / "script.json").write_text(json.dumps(script(delay_ms)))

    def start(self, out, *more):
        return subprocess.Popen(
            [self.pareto, "bench", "tasks.jsonl", "--modes", "agentic", "--out", out, *more],
            cwd=self.root, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True)

    def bench(self, out, *more):
        process = self.start(out, *more)
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        return self.rows(out)

    def lines(self, out):
        path = self.root / out / "results.jsonl"
        text = path.read_text() if path.exists() else ""
        return [line for line in text.splitlines(keepends=True) if line.endswith("\n")]

    def rows(self, out):
        return [json.loads(line) for line in self.lines(out)]

    def events(self, out):
        """Of every run there ever was, by run."""
        state = ("--state", str(self.root / out / "state"))
        listed = subprocess.run([self.pareto, "runs", "list", "--limit", "1000", "--json", *state],
                                cwd=self.root, env=self.environment, capture_output=True, text=True)
        assert listed.returncode == 0, listed.stderr
        events = {}
        for run in json.loads(listed.stdout)["runs"]:
            shown = subprocess.run([self.pareto, "runs", "events", run["run"], *state],
                                   cwd=self.root, env=self.environment, capture_output=True,
                                   text=True)
            assert shown.returncode == 0, shown.stderr
            events[run["run"]] = [json.loads(line) for line in shown.stdout.splitlines()]
        return events


def nanos(usd):
    return int(usd.replace(".", ""))


def without(rows, keys):
    return sorted(json.dumps({k: v for k, v in row.items() if k not in keys}) for row in rows)


def check(world, out, rows, expected):
    """Of a bench that was killed and gone on with. Gives the number of calls that were lost."""
    assert len(rows) == TASKS, f"{len(rows)} rows"
    assert without(rows, LOST) == without(expected, LOST)
    by_run = {row["run"]: row for row in rows}
    lost_calls = 0
    for run, events in world.events(out).items():
        begun = {e["call"]: e for e in events if e["type"] == "call_begun"}
        ended = [e for e in events if e["type"] == "call_ended"]
        replies = [e for e in ended if "message" in e]
        lost = [e for e in ended if "message" not in e]
        if run not in by_run:
            assert not begun, f"run {run} was paid and has no row"
            continue
        assert len(replies) == TURNS + 1, f"{len(replies)} durable replies: one was paid twice"
        assert len(begun) == len(ended) == len(replies) + len(lost)
        for event in lost:
            assert event["estimated"]
            assert event["settled_usd"] == begun[event["call"]]["reserved_usd"]
        lost_calls += len(lost)
        row = by_run[run]
        assert nanos(row["cost_usd"]) == sum(nanos(e["settled_usd"]) for e in ended)
        assert row["cost_estimated"] == bool(lost)
        assert row["model_calls"] == len(ended)
    return lost_calls


def killed_bench(world, out, kills, jobs, dice):
    """Kills the bench in the middle of things, `kills` times, and lets it end then."""
    before, killed = [], 0
    for _ in range(kills):
        process = world.start(out, "--jobs", str(jobs))
        wanted = len(before) + 1
        deadline = time.monotonic() + 60
        # Past the next row, and a little into what follows.
        while process.poll() is None and len(world.lines(out)) < wanted:
            assert time.monotonic() < deadline, "no row"
            time.sleep(0.005)
        time.sleep(dice.uniform(0, 0.08))
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            killed += 1
        process.communicate()
        after = world.lines(out)
        assert after[:len(before)] == before, "a finished row was lost or changed"
        before = after
    if dice.random() < 0.5:
        # As if the kill had torn a line.
        with open(world.root / out / "results.jsonl", "a") as file:
            file.write('{"schema":1,"suite":"ta')
    process = world.start(out, "--jobs", str(jobs))
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, (process.returncode, err)
    rows = world.rows(out)
    assert world.lines(out)[:len(before)] == before, "a finished row was lost or changed"
    count = collections.Counter(row["task"] for row in rows)
    assert set(count.values()) == {1}, f"rows twice: {count}"
    return rows, killed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("pareto")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--kills", type=int, default=2)
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1 << 32)
    dice = random.Random(seed)
    print(f"seed {seed}")
    with tempfile.TemporaryDirectory() as folder:
        world = World(os.path.abspath(options.pareto), pathlib.Path(folder))
        expected = world.bench("undisturbed")
        assert without(world.bench("jobs", "--jobs", "8"), OWN) == without(expected, OWN)
        kills = lost = 0
        for number in range(options.rounds):
            out = f"killed{number}"
            rows, killed = killed_bench(world, out, options.kills, 1 + 2 * (number % 2), dice)
            kills += killed
            lost += check(world, out, rows, expected)
        assert kills > 0, "nothing was killed"
        print(f"{kills} kills, {lost} calls under way were charged")
    return 0


sys.exit(main())
