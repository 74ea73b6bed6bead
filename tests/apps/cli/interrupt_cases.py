"""Runs and benches that are interrupted, killed, cancelled and gone on with."""
import json

from world import CliTest, call, calls, interrupt, needs_sandbox, says, wait_for


@needs_sandbox
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

    def test_a_workspace_changed_from_outside_is_refused(self):
        world = self.world
        process = self.begin(300)
        process.kill()
        world.finish(process)
        run = world.runs()[0]["run"]
        events = world.events(run)
        world.write("repo/c.txt", "somebody else's\n")
        (world.root / "work" / "repo" / "a.txt").unlink()
        ended = self.check(world("runs", "resume", run), 2, "c.txt")
        self.assertIn("--force", ended.err)
        self.assertEqual(world.events(run), events)
        ended = self.check(world("runs", "resume", run, "--force"), 0)
        self.assertEqual(ended.out, "so far\n")
        self.assertEqual(world.read("repo/b.txt"), "two\n")

    def test_what_was_only_looked_at_is_not_refused(self):
        world = self.world
        process = self.begin(300)
        process.kill()
        world.finish(process)
        world.read("repo/b.txt")
        world.write("repo/__pycache__/b.pyc", "cache")
        self.check(world("runs", "resume", world.runs()[0]["run"]), 0)

    def test_a_run_under_way_can_be_cancelled_but_not_resumed(self):
        process = self.begin(1500)
        run = self.world.runs()[0]["run"]
        self.assertNotEqual(self.world("runs", "resume", run).status, 0)
        self.check(self.world("runs", "cancel", run), 0)
        self.check(self.world.finish(process), 130, "cancelled")
