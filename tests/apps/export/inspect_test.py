#!/usr/bin/env python3
"""Inspect AI itself opens what `pareto report --inspect` writes, and `pareto report` reads what
Inspect AI writes. The package comes from the registry that pip is set up for.

Usage: inspect_test.py PARETO [unittest arguments]
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
import venv

if __name__ == "__main__" and len(sys.argv) > 1:
    os.environ["PARETO_BINARY"] = os.path.abspath(sys.argv.pop(1))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))

from world import CliTest, call, calls, needs_sandbox, says  # noqa: E402

PACKAGE = "inspect_ai==0.3.285"
UNREACHABLE = ("connection", "timed out", "name resolution", "from versions: none")

# Prints what Inspect finds in the log that is named by its first argument.
READ = """
import json, sys
from inspect_ai.log import read_eval_log, read_eval_log_sample, read_eval_log_sample_summaries
path = sys.argv[1]
log = read_eval_log(path)
one = read_eval_log_sample(path, id=log.samples[0].id, epoch=log.samples[0].epoch)
summaries = read_eval_log_sample_summaries(path)
usage = log.stats.model_usage
print(json.dumps({
    "status": log.status, "task": log.eval.task, "solver": log.eval.solver,
    "model": log.eval.model, "epochs": log.eval.config.epochs,
    "mean": log.results.scores[0].metrics["mean"].value,
    "reduced": [sample.value for sample in log.reductions[0].samples],
    "input_tokens": sum(each.input_tokens for each in usage.values()),
    "cost": sum(each.total_cost for each in usage.values()),
    "samples": [{"id": sample.id, "epoch": sample.epoch, "error": bool(sample.error),
                 "score": sample.scores["score"].value if sample.scores else None,
                 "roles": [message.role for message in sample.messages],
                 "completion": sample.output.completion} for sample in log.samples],
    "one": one.uuid == log.samples[0].uuid,
    "summaries": [[summary.id, summary.epoch, bool(summary.error)] for summary in summaries]}))
"""

# Writes a log with a model that answers "42" to everything.
WRITE = """
import sys
from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import match
samples = [Sample(id="a", input="6 * 7?", target="42"), Sample(id="b", input="1 + 6?", target="7")]
outputs = [ModelOutput.from_content("mockllm/model", "42") for _ in range(4)]
for output in outputs:  # else it counts with a tokenizer that it would download
    output.usage = ModelUsage(input_tokens=10, output_tokens=2, total_tokens=12)
model = get_model("mockllm/model", custom_outputs=outputs)
eval(Task(name="sums", dataset=samples, scorer=match()), model=model, epochs=2,
     log_dir=sys.argv[1], display="none")
"""


class Inspect:
    """A virtual environment with the package, made once."""

    python = None
    why_not = ""
    _folder = None

    @classmethod
    def prepare(cls):
        if cls._folder is not None:
            return
        cls._folder = tempfile.TemporaryDirectory(prefix="pareto-inspect-")
        venv.create(cls._folder.name, with_pip=True)
        python = pathlib.Path(cls._folder.name) / "bin" / "python"
        install = subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", PACKAGE],
            capture_output=True, text=True, check=False)
        if install.returncode == 0:
            cls.python = python
        elif any(word in install.stderr.lower() for word in UNREACHABLE):
            cls.why_not = f"no package registry can be reached for {PACKAGE}"
        else:
            raise AssertionError(f"pip install {PACKAGE} failed:\n{install.stderr[-2000:]}")

    @classmethod
    def run(cls, *arguments):
        return subprocess.run([cls.python, *map(str, arguments)], capture_output=True, text=True,
                              check=False)

    @classmethod
    def close(cls):
        if cls._folder is not None:
            cls._folder.cleanup()


def tearDownModule():
    Inspect.close()


@needs_sandbox
class InspectLogTest(CliTest):
    def setUp(self):
        super().setUp()
        Inspect.prepare()
        if Inspect.python is None:
            print(f"skipped: {Inspect.why_not}", file=sys.stderr)
            self.skipTest(Inspect.why_not)

    def ended(self, process):
        self.assertEqual(process.returncode, 0, process.stderr[-3000:])
        return process.stdout

    def bench(self):
        self.world.write("script.json", json.dumps({"scripts": [
            {"match": "view", "replies": [calls(call("view", path="a.txt")), calls(
                call("finish", answer="42"))]},
            {"replies": [says("The answer is 42.")], "repeat_last": True}]}))
        self.world.write("tasks.jsonl", "\n".join(json.dumps(task) for task in [
            {"id": "view/one", "prompt": "view a.txt", "files": {"a.txt": "42\n"},
             "tools": ["view"], "score": {"type": "number", "answer": 42}},
            {"id": "plain", "prompt": "6 * 7?", "score": {"type": "number", "answer": 42}},
            {"id": "wrong", "prompt": "6 * 8?", "score": {"type": "number", "answer": 48}}]))
        # A reply of calls is none for `instant`: two of its samples are errors.
        self.check(self.world("bench", "tasks.jsonl", "--modes", "agentic,instant", "--repeat", "2",
                              "--out", "out"), 4)

    def export(self, folder):
        ended = self.check(self.world("report", "out", "--inspect", folder), 4, "6 samples")
        self.assertNotIn("without messages", ended.err)
        return sorted((self.world.root / "work" / folder).glob("*.eval"))

    def test_inspect_opens_what_pareto_writes(self):
        self.bench()
        logs = self.export("logs")
        self.assertEqual(len(logs), 2)
        self.assertEqual([log.read_bytes() for log in logs],
                         [log.read_bytes() for log in self.export("again")])
        rows = [json.loads(line) for line in self.world.read("out/results.jsonl").splitlines()]
        for log in logs:
            found = json.loads(self.ended(Inspect.run("-c", READ, log)))
            mine = [row for row in rows if row["mode"] == found["solver"]]
            scored = [row for row in mine if row["status"] != "error"]
            self.assertEqual((found["status"], found["task"], found["epochs"], found["one"]),
                             ("success", "tasks", 2, True))
            self.assertEqual({(each["id"], each["epoch"]): each["score"]
                              for each in found["samples"] if not each["error"]},
                             {(row["task"], row["repeat"] + 1): row["score"] for row in scored})
            self.assertEqual(sorted(found["summaries"]),
                             sorted([row["task"], row["repeat"] + 1, row["status"] == "error"]
                                    for row in mine))
            self.assertAlmostEqual(found["mean"],
                                   sum(row["score"] for row in scored) / len(scored))
            self.assertEqual(found["input_tokens"], sum(row["prompt_tokens"] for row in mine))
            self.assertAlmostEqual(found["cost"], sum(float(row["cost_usd"]) for row in mine))
            for each in found["samples"]:
                self.assertEqual(each["roles"][:2], ["system", "user"], each)
            dumped = json.loads(self.ended(Inspect.run("-m", "inspect_ai", "log", "dump", log)))
            self.assertEqual(len(dumped["samples"]), 6)
        agentic = next(found for found in (
            json.loads(self.ended(Inspect.run("-c", READ, log))) for log in logs)
            if found["solver"] == "agentic")
        roles = next(each["roles"] for each in agentic["samples"] if each["id"] == "view/one")
        self.assertEqual(roles, ["system", "user", "assistant", "tool", "assistant", "tool"])

    def test_pareto_reads_what_inspect_writes(self):
        self.ended(Inspect.run("-c", WRITE, self.world.root / "foreign"))
        logs = list((self.world.root / "foreign").glob("*.eval"))
        self.assertEqual(len(logs), 1)
        ended = self.check(self.world("report", logs[0], "--json"), 0)
        suite = ended.json["suites"][0]
        self.assertEqual((suite["suite"], suite["rows"]), ("sums", 4))
        arm = suite["cost_models"][0]["arms"][0]
        self.assertEqual((arm["arm"], arm["success_of_all"]["share"], arm["unpriced"]),
                         ("inspect:generate/mockllm/model", 0.5, 4))
        self.assertEqual(arm["prompt_tokens"]["value"], 10)
        self.bench()
        both = self.check(self.world("report", "out", logs[0]), 4)
        self.assertIn("Suite sums", both.out)
        self.assertIn("Suite tasks", both.out)


if __name__ == "__main__":
    unittest.main()
