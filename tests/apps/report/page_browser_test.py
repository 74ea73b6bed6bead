#!/usr/bin/env python3
"""Opens the page of `pareto report --html` in a headless Chromium, wide and narrow, light and dark.

Usage: page_browser_test.py PARETO [--screenshots DIR]

The rows are of a real bench with a scripted model, and of hand-made ones, all with names and texts
that try to be markup. Without a browser or without bubblewrap the test is skipped (exit 77).
"""
import argparse
import json
import os
import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "cli"), str(HERE.parent.parent / "support")]

HOSTILE = ("</td></svg></style></title><script>document.title='taken'</script>"
           "<img src='http://127.0.0.1:9/x.png' onerror=\"document.title='taken'\"> \"'&")
LONG = "a_name_without_a_place_to_break_" * 4
SKIPPED = 77
TAB, ENTER = ("Tab", 9), ("Enter", 13)


def make_page(world):
    from world import says
    world.write("tasks.jsonl", "".join(json.dumps(
        {"id": name, "class": kind, "prompt": f"{HOSTILE} How much is it?",
         "score": {"type": "number", "answer": answer}}) + "\n"
        for name, kind, answer in ((HOSTILE, HOSTILE, 42), ("plain", "maths", 42),
                                   (LONG, "maths", 7), ("another", HOSTILE, 42))))
    world.script([says(f"{HOSTILE}\n42", reasoning=HOSTILE)], repeat_last=True)
    ended = world("bench", "tasks.jsonl", "--modes", "instant,reasoning,auto", "--repeat", "2",
                  "--out", "out", "--quiet")
    assert ended.status == 0, ended
    rows = world.root / "work/out/results.jsonl"
    model = json.loads(rows.read_text().splitlines()[0])
    for mode in (HOSTILE, LONG):
        for repeat, score in ((0, 1), (1, 0.5)):
            row = dict(model, mode=mode, repeat=repeat, score=score, run="", error=HOSTILE,
                       mode_used=HOSTILE, reason=HOSTILE, cost_usd="0.02")
            row["entities"] = {"required": ["a", HOSTILE], "obtained": [HOSTILE], "actions": 3}
            with rows.open("a") as file:
                file.write(json.dumps(row) + "\n")
    ended = world("report", "out", "--html", "page.html", "--baseline", "instant", "--plan",
                  "--hourly-usd", "0.2")
    assert ended.status == 0, ended
    return (world.root / "work/page.html").as_uri()


class PageBrowserTest(unittest.TestCase):
    browser = None
    url = ""
    screenshots = None

    def everywhere(self, check):
        for width in (1280, 390):
            for scheme in ("light", "dark"):
                with self.subTest(width=width, scheme=scheme):
                    check(self.browser.open(self.url, width, scheme), width, scheme)

    def shoot(self, page, name):
        if self.screenshots:
            page.screenshot(f"{self.screenshots}/{name}.png", whole="whole" in name)

    def test_nothing_is_asked_of_a_network_and_nothing_complains(self):
        def check(page, _width, _scheme):
            self.assertEqual(page.requests(), [self.url])
            self.assertEqual(page.complaints(), [])
            self.assertEqual(page.run("document.title"), "Pareto report")
            self.assertEqual(page.run("document.scripts.length + document.images.length"), 0)

        self.everywhere(check)

    def test_only_tables_scroll_sideways(self):
        def check(page, width, scheme):
            self.assertLessEqual(page.run("document.documentElement.scrollWidth"), width)
            self.assertEqual(page.run("""[...document.querySelectorAll('body *')].filter(e =>
                !e.closest('.scroll, pre, svg, .run') && e.getBoundingClientRect().right >
                document.documentElement.clientWidth + 1).map(e => e.outerHTML.slice(0, 99))"""), [])
            names = page.run("""[...document.querySelectorAll('tbody th')]
                .map(e => e.getBoundingClientRect().width)""")
            self.assertLess(max(names), width / 2, "names leave room for the figures")
            self.shoot(page, f"top-{width}-{scheme}")
            self.shoot(page, f"whole-{width}-{scheme}")

        self.everywhere(check)

    def test_tables_have_their_texts_and_plots_a_size(self):
        def check(page, width, _scheme):
            text = page.run("document.body.innerText")
            for title in ("Success and cost", "By class", "Effort", "Several tries", "Every run",
                          "How far the seed moves the score", "If failures were tried again",
                          "Ranking (Bradley-Terry)", "Required passages", "What auto chose",
                          "Against instant/steady", "How to reproduce"):
                self.assertIn(title, text)
            self.assertTrue(page.run(f"""[...document.querySelectorAll('th')].some(e =>
                e.textContent == {json.dumps(HOSTILE + '/steady')})"""))
            sizes = page.run("""[...document.querySelectorAll('svg.plot')]
                .map(e => e.getBoundingClientRect()).filter(e => e.width > 0)
                .map(e => [e.width, e.height])""")
            self.assertEqual(len(sizes), 2, "one a notion of cost")
            for plot_width, plot_height in sizes:
                self.assertGreater(plot_width, 300)
                self.assertGreater(plot_height, 250)
                self.assertLessEqual(plot_width, width)

        self.everywhere(check)

    def test_the_colours_are_of_the_scheme(self):
        def check(page, _width, scheme):
            colours = page.run("""['backgroundColor', 'color'].map(name =>
                getComputedStyle(document.body)[name].match(/\\d+/g).slice(0, 3).map(Number))""")
            ground, ink = map(sum, colours)
            self.assertTrue(ground > 600 and ink < 200 if scheme == "light" else
                            ground < 200 and ink > 600, colours)

        self.everywhere(check)

    def test_tab_and_enter_lead_to_what_happened_in_a_run(self):
        def check(page, width, scheme):
            self.assertEqual(page.run("document.querySelectorAll('.run').length"),
                             page.run("document.querySelectorAll('a.mark').length"))
            self.assertFalse(page.run("""[...document.querySelectorAll('.run')].some(e =>
                e.getBoundingClientRect().height > 0)"""), "runs are folded")
            for _ in range(200):
                page.press(*TAB)
                if page.run("document.activeElement.matches('a.mark')"):
                    break
            self.assertTrue(page.run("document.activeElement.matches('a.mark')"))
            self.assertNotEqual(page.run("getComputedStyle(document.activeElement).outlineStyle"),
                                "none", "the focus is seen")
            title = page.run("document.activeElement.title")
            page.press(*ENTER)
            shown = page.run("""[...document.querySelectorAll('.run')]
                .filter(e => e.getBoundingClientRect().height > 0)
                .map(e => ({title: e.querySelector('h2').textContent, text: e.innerText,
                            top: e.getBoundingClientRect().top}))""")
            self.assertEqual([run["title"] for run in shown], [title])
            self.assertLess(abs(shown[0]["top"]), 900, "in sight")
            self.assertIn("Back to every run", shown[0]["text"])
            self.assertLessEqual(page.run("document.documentElement.scrollWidth"), width)
            self.shoot(page, f"run-{width}-{scheme}")

        self.everywhere(check)

    def test_a_trajectory_unfolds_with_the_keyboard(self):
        page = self.browser.open(self.url, 390, "light")
        page.run("location.hash = [...document.querySelectorAll('.run')].find(e =>"
                 " e.querySelector('details')).id")
        for _ in range(5):
            page.press(*TAB)
            if page.run("document.activeElement.matches('summary')"):
                break
        self.assertEqual(page.run("document.activeElement.textContent"), "The task")
        page.press(*ENTER)
        self.assertIn("How much is it?",
                      page.run("document.querySelector('.run:target').innerText"))
        self.assertLessEqual(page.run("document.documentElement.scrollWidth"), 390)
        page.run("document.querySelectorAll('.run:target details').forEach(e => e.open = true)")
        self.assertLessEqual(page.run("document.documentElement.scrollWidth"), 390)
        self.shoot(page, "trajectory-390-light")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pareto")
    parser.add_argument("--screenshots", help="a folder to look at the pages in")
    arguments = parser.parse_args()
    os.environ["PARETO_BINARY"] = arguments.pareto
    from browser import NAMES, Browser, find_browser
    path = find_browser()
    if path is None:
        print(f"skipped: no browser here ({', '.join(NAMES)}, or $PARETO_BROWSER); "
              "bash apps/setup.sh --browser installs one")
        return SKIPPED
    from world import World, has_bubblewrap
    if not has_bubblewrap():
        print("skipped: bubblewrap can't run here, and a bench needs it")
        return SKIPPED
    if arguments.screenshots:
        pathlib.Path(arguments.screenshots).mkdir(parents=True, exist_ok=True)
        PageBrowserTest.screenshots = arguments.screenshots
    world = World()
    try:
        PageBrowserTest.url = make_page(world)
        PageBrowserTest.browser = Browser(path)
        try:
            suite = unittest.defaultTestLoader.loadTestsFromTestCase(PageBrowserTest)
            result = unittest.TextTestRunner(verbosity=2).run(suite)
        finally:
            PageBrowserTest.browser.close()
    finally:
        world.close()
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
