"""A folder with configuration, script and state of its own, and `pareto` called in it."""
import json
import os
import pathlib
import pty
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

PARETO = os.path.abspath(os.environ.get("PARETO_BINARY", "pareto"))
USAGE = {"prompt_tokens": 100, "completion_tokens": 10}


def call(tool, **arguments):
    return {"name": tool, "arguments": arguments}


def calls(*tool_calls, **more):
    return {"tool_calls": list(tool_calls), "usage": USAGE, **more}


def says(text, **more):
    return {"text": text, "usage": USAGE, **more}


FINISH = call("finish", answer="done")
ROW_KEYS = [
    "schema", "suite", "suite_hash", "task", "class", "repeat", "seed", "mode", "model",
    "mode_used", "model_used", "effort_used", "status", "reason", "score", "answer", "turns",
    "tool_calls", "model_calls", "prompt_tokens", "cached_prompt_tokens", "completion_tokens",
    "reasoning_tokens", "cost_usd", "cost_known", "cost_estimated", "overhead_cost_usd",
    "cost_without_cache_usd", "seconds",
    "model_seconds", "propensity", "recalled", "run", "error"]


class Ended:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    @property
    def json(self):
        return json.loads(self.out)

    def __repr__(self):
        return f"exit {self.status}\nstdout: {self.out[-2000:]}\nstderr: {self.err[-2000:]}"


class World:
    def __init__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="pareto-cli-")
        self.root = pathlib.Path(self._folder.name).resolve()
        (self.root / "work").mkdir()
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.root / "home"),
            "XDG_STATE_HOME": str(self.root / "state"),
            "XDG_CONFIG_HOME": str(self.root / "config"),
            "XDG_CACHE_HOME": str(self.root / "cache"),
            "LANG": "C.UTF-8",
        }
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS"):
            if name in os.environ:
                self.environment[name] = os.environ[name]
        self.configure()
        self.script([says("42")], repeat_last=True)

    def close(self):
        self._folder.cleanup()

    def write(self, name, text):
        path = self.root / "work" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def read(self, name):
        return (self.root / "work" / name).read_text()

    def configure(self, more="", model=None):
        lines = model or f'engine = "scripted"\nscript = "{self.root}/work/script.json"\n'
        self.write("pareto.toml",
                   f'[models.steady]\n{lines}price = {{ input = "1", output = "2" }}\n'
                   f'[policy]\ndefault_model = "steady"\n{more}')

    def endpoint(self, url):
        self.configure(model=f'engine = "openai"\nbase_url = "{url}"\nmodel = "m"\n')

    def script(self, replies, repeat_last=False):
        self.write("script.json", json.dumps(
            {"scripts": [{"replies": replies, "repeat_last": repeat_last}]}))

    def start(self, *arguments, environment=None, **more):
        return subprocess.Popen(
            [PARETO, *map(str, arguments)], cwd=self.root / "work",
            env={**self.environment, **(environment or {})}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace", **more)

    @staticmethod
    def finish(process, timeout=60):
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            err += "\n(killed by the test: it took too long)"
        return Ended(process.returncode, out, err)

    def __call__(self, *arguments, **more):
        return self.finish(self.start(*arguments, **more))

    def runs(self):
        return self("runs", "list", "--json").json["runs"]

    def events(self, run):
        return [json.loads(line) for line in self("runs", "events", run).out.splitlines()]


def wait_for(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.01)
    return False


def interrupt(process):
    process.send_signal(signal.SIGINT)


def on_terminal(world, *arguments, environment=None):
    """What a terminal shows of stdout and stderr."""
    master, slave = pty.openpty()
    process = subprocess.Popen([PARETO, *arguments], cwd=world.root / "work",
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


def has_bubblewrap():
    if shutil.which("bwrap") is None:
        return False
    return subprocess.run(["bwrap", "--ro-bind", "/", "/", "true"],
                          capture_output=True, check=False).returncode == 0


needs_sandbox = unittest.skipUnless(has_bubblewrap(), "bubblewrap can't run here")


class CliTest(unittest.TestCase):
    def setUp(self):
        self.world = World()
        self.addCleanup(self.world.close)

    def check(self, ended, status, err=""):
        self.assertEqual(ended.status, status, ended)
        self.assertIn(err, ended.err, ended)
        return ended
