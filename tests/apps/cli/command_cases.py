"""The commands beside `run`, and what a terminal is shown."""
import json
import pathlib

from world import ROW_KEYS, CliTest, needs_sandbox, on_terminal


@needs_sandbox
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


    def test_a_bench_draws_its_table_on_a_terminal(self):
        self.world.write("tasks.jsonl", '{"id": "a", "prompt": "p"}\n')
        shown = on_terminal(self.world, "bench", "tasks.jsonl", "--modes", "instant,reasoning")
        self.assertIn("mode / model", shown)
        self.assertIn("instant / steady", shown)
        self.assertIn("2/2", shown)


@needs_sandbox
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

    def test_report_tells_of_a_bench_with_a_page_of_its_runs(self):
        self.world.write("tasks.jsonl", '\n'.join(json.dumps(
            {"id": f"t{i}", "prompt": "p <b>", "score": {"type": "number", "answer": 41 + i}})
            for i in range(2)))
        self.check(self.world("bench", "tasks.jsonl", "--modes", "instant", "--out", "out"), 0)
        ended = self.check(self.world("report", "out", "--html", "page.html", "--svg", "plots",
                                      "--csv", "out.csv"), 0, "wrote page.html")
        self.assertIn("Suite tasks", ended.out)
        page = self.world.read("page.html")
        self.assertIn("<summary>The route, and why</summary>", page)
        self.assertNotIn("No trajectory", page)
        self.assertNotIn("p <b>", page)
        self.assertIn("--seed 1", page)
        self.assertTrue(self.world.read("plots/1-tasks-list-price.svg").startswith("<svg"))
        self.assertEqual(len(self.world.read("out.csv").splitlines()), 2)
        ended = self.check(self.world("report", "out", "--json"), 0)
        self.assertEqual(json.loads(ended.out)["suites"][0]["rows"], 2)

    def test_runs_are_exported(self):
        for _ in range(2):
            self.check(self.world("run", "6 * 7?", "--mode", "instant"), 0)
        runs = [run["run"] for run in self.world.runs()]
        document = self.check(self.world("runs", "export", runs[0], "--format", "atif"), 0).json
        self.assertEqual((document["session_id"], document["steps"][-1]["message"]),
                         (runs[0], "42"))
        self.check(self.world("runs", "export", *runs, "--format", "otlp", "--content",
                              "--out", "traces"), 0, f"wrote traces/{runs[0]}.otlp.json")
        trace = json.loads(self.world.read(f"traces/{runs[1]}.otlp.json"))
        spans = trace["resourceSpans"][0]["scopeSpans"][0]["spans"]
        self.assertEqual([span["name"] for span in spans], ["invoke_agent pareto", "chat steady"])
        self.assertIn({"key": "gen_ai.provider.name", "value": {"stringValue": "scripted"}},
                      spans[1]["attributes"])
        self.check(self.world("runs", "export", runs[0], "--format", "otlp", "--out", "t.json"), 0)
        self.assertNotIn("6 * 7?", self.world.read("t.json"))
        for arguments, expected in [
                ([runs[0], "--format", "atof"], 'did you mean "atif"?'),
                ([runs[0]], "--format is required"),
                ([*runs, "--format", "atif"], "several runs need --out DIR"),
                ([runs[0], "--format", "atif", "--content"], "--content is for otlp"),
                ([runs[0], "--format", "atif", "--out", "no/where.json"], "no such folder: no"),
                (["zz", "--format", "atif"], "zz")]:
            ended = self.check(self.world("runs", "export", *arguments), 2, expected)
            self.assertEqual(ended.out, "", arguments)

    def test_logs_of_inspect_are_written_and_read(self):
        self.world.write("tasks.jsonl", '\n'.join(json.dumps(
            {"id": f"t{i}", "prompt": "p", "score": {"type": "number", "answer": 41 + i}})
            for i in range(2)))
        self.check(self.world("bench", "tasks.jsonl", "--modes", "instant", "--out", "out"), 0)
        self.check(self.world("report", "out", "--inspect", "logs"), 0, "(2 samples)")
        log, = (self.world.root / "work" / "logs").glob("*.eval")
        both = self.check(self.world("report", "out", log, "--json", "--baseline", "instant",
                                     "--html", "page.html"), 0).json
        suite, = both["suites"]
        arms = suite["cost_models"][0]["arms"]
        self.assertEqual([arm["arm"] for arm in arms], ["inspect:instant/steady",
                                                        "instant/steady"])
        for key in ("runs", "success_of_all", "usd_per_task", "prompt_tokens"):
            self.assertEqual(arms[0][key], arms[1][key])
        (self.world.root / "work" / "bad.eval").write_bytes(b"no archive")
        self.check(self.world("report", "bad.eval"), 2, "bad.eval: expected a zip archive")
        self.check(self.world("report", "none.eval"), 2, "none.eval: no such file")

    def test_report_of_what_is_no_bench_is_exit_2(self):
        self.check(self.world("report", "nowhere"), 2, "nowhere: no such file; give a folder")
        self.world.write("results.jsonl", "nonsense\n")
        self.check(self.world("report", "."), 2, "./results.jsonl:1: not a result row")
        self.world.write("results.jsonl", json.dumps(
            {"task": "a", "mode": "auto", "status": "error", "cost_usd": "0"}) + "\n")
        self.check(self.world("report", "."), 4)
        self.check(self.world("report", ".", "--plan"), 2, "--baseline")

    def test_rows_of_another_configuration_are_refused(self):
        self.world.write("tasks.jsonl", '{"id": "a", "prompt": "p"}\n')
        bench = ("bench", "tasks.jsonl", "--modes", "instant", "--out", "out")
        self.check(self.world(*bench), 0)
        about = json.loads(self.world.read("out/bench.json"))
        self.assertEqual(about["configuration"]["seed"], 1)
        before = self.world.read("out/results.jsonl")
        self.check(self.world(*bench, "--seed", "2"), 2, "seed: 1, now 2")
        self.check(self.world(*bench, environment={"PARETO_LIMITS_TURNS": "3"}), 2,
                   "limits.turns: 40, now 3")
        self.assertEqual(self.world.read("out/results.jsonl"), before)
        self.check(self.world(*bench, "--repeat", "2", "--jobs", "2"), 0)
        about = json.loads(self.world.read("out/bench.json"))
        self.assertEqual([s["plan"]["repeats"] for s in about["sessions"]], [1, 2])

    def test_a_torn_row_is_said_and_written_again(self):
        self.world.write("tasks.jsonl", '{"id": "a", "prompt": "p"}\n')
        bench = ("bench", "tasks.jsonl", "--modes", "instant", "--out", "out")
        self.check(self.world(*bench), 0)
        row = json.loads(self.world.read("out/results.jsonl"))
        self.world.write("out/results.jsonl", '{"schema":1,"su')
        self.check(self.world(*bench), 0, "cut off a last line of 15 bytes")
        self.assertEqual(json.loads(self.world.read("out/results.jsonl")), row, "not run again")

    def test_what_the_budget_does_not_bear_is_not_started(self):
        self.world.write("tasks.jsonl", "".join(
            json.dumps({"id": f"t{i}", "prompt": "p", "limits": {"usd": "0.02"}}) + "\n"
            for i in range(3)))
        ended = self.check(self.world("bench", "tasks.jsonl", "--modes", "instant", "--usd",
                                      "0.0201", "--out", "out"), 0, "not started: budget: 2 runs")
        self.assertEqual(self.world.read("out/results.jsonl").count("\n"), 1, ended)

    def test_a_suite_that_its_oracle_fails_is_refused_before_anything_is_spent(self):
        self.world.write("set/suite.toml", 'name = "sums"\noracle = "echo 5"\n')
        self.world.write("set/tasks.jsonl", "".join(json.dumps(
            {"id": f"t{n}", "prompt": "p", "score": {"type": "number", "answer": n}}) + "\n"
            for n in (5, 6)))
        bench = ("bench", "set", "--modes", "instant", "--out", "out")
        ended = self.check(self.world(*bench), 2, "suite sums")
        self.assertIn("task t6: the oracle scored 0, expected 1", ended.err)
        self.assertEqual(self.world.read("out/results.jsonl"), "")
        ended = self.check(self.world(*bench, "--filter", "t5"), 0, "Checking 1 tasks of sums")
        ended = self.check(self.world(*bench, "--filter", "t5"), 0)
        self.assertNotIn("Checking", ended.err)

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
        self.world.write("tasks.jsonl", json.dumps({"id": "a", "prompt": "p"}) + "\n")
        for arguments in (["runs", "list"], ["runs", "show", "01"], ["runs", "cancel", "01"],
                          ["memory", "list"], ["memory", "forget", "all"], ["policy", "explain", "01"]):
            self.check(self.world(*arguments), 1, "pareto.db")
        self.check(self.world("run", "x"), 4, "pareto.db")
        self.check(self.world("doctor"), 1)

    def test_tools_are_called_in_the_sandbox(self):
        self.world.write("a.txt", "hello\n")
        ended = self.check(self.world("tools", "call", "view", '{"path": "a.txt"}'), 0)
        self.assertIn("hello", ended.out)
        self.check(self.world("tools", "call", "view", '{"pth": "a.txt"}'), 2, "invalid_call")
        self.check(self.world("tools", "call", "view", '{"path": "none"}'), 1)

    def test_config_check_knows_the_concerns(self):
        self.check(self.world("config", "check"), 0)
        self.world.configure("[concerns]\norder = [\"lop\"]\n")
        self.check(self.world("config", "check"), 2, "did you mean \"loop\"?")
        self.world.configure("[concerns]\ndisabled = [\"budget_guard\"]\n")
        self.check(self.world("config", "check"), 2, "always on")

    def test_a_story_may_say_what_the_concerns_took(self):
        self.check(self.world("run", "x"), 0)
        run = self.world.runs()[0]["run"]
        self.assertNotIn("budget_guard", self.world("runs", "show", run).out)
        ended = self.check(self.world("runs", "show", run, "--verbose"), 0)
        for concern in ("budget_guard", "turn_limit", "loop", "compaction", "reminder", "approval"):
            self.assertRegex(ended.out, rf"{concern} +\d+ reviews")

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
