#include "apps/report/page.h"

#include <regex>
#include <set>

#include "apps/report/markup.h"
#include "apps/report/plot.h"
#include "apps/report/reproduce.h"
#include "apps/report/trajectory.h"
#include "tests/apps/report/report_fixture.h"

namespace pareto::reporting {
namespace {

const std::string kHostile =
    "</title></style></svg></pre><script>alert(1)</script><img src=http://x onerror=y> \"'&\x01\x7F"
    "\xC2\x85\xE2\x80\xAE";

std::vector<Event> events_of(std::vector<Payload> payloads) {
  std::vector<Event> events;
  for (Payload& payload : payloads) {
    const auto seq = static_cast<std::int64_t>(events.size()) + 1;
    events.push_back({seq, Instant(Milliseconds(seq)), std::move(payload)});
  }
  return events;
}

// Every text of a run that somebody else may have written.
std::vector<Event> hostile_run(const std::string& text) {
  Route route{.model = text, .kind = text, .reason = text, .arms = {{.model = text, .why = text}}};
  CallBegun begun{.call = {}, .model = text, .appended = {{.text = text}}, .tail = text};
  CallEnded ended{.message = Message{.role = Role::assistant,
                                     .text = text,
                                     .reasoning = text,
                                     .tool_calls = {{.id = "1", .name = text, .arguments = text}}},
                  .error = Error{ErrorCode::invalid, text}};
  Outcome outcome{.answer = text, .diff = text, .error = text};
  outcome.receipt.cost[0] = Money::nanos(5);
  return events_of(
      {Started{.task = {.id = text, .prompt = text, .verify = CheckCommand{text}}},
       Recalled{.recall = {.note = text}}, Routed{.route = route, .model = {.name = text}}, begun,
       ended, StepBegun{.calls = {{.name = text, .arguments = text}}, .from_planner = true},
       StepEnded{.result = {.text = text}}, LimitReached{.detail = text}, Nudged{.text = text},
       Compacted{.summary = {.text = text}}, ApprovalAsked{.question = text},
       ApprovalGiven{.by = text}, Verified{.verdict = {.output = text, .error = text}},
       Resumed{.owner = text}, CancelRequested{.by = text}, Finished{.outcome = outcome}});
}

Json hostile_row(const std::string& mode) {
  Json row = row_of(kHostile, kHostile + mode, 1);
  row["suite"] = row["suite_hash"] = row["class"] = row["model"] = kHostile;
  row["reason"] = row["mode_used"] = row["run"] = row["error"] = kHostile;
  row["entities"] = {{"required", {kHostile}}, {"obtained", {kHostile}}, {"actions", 1}};
  return row;
}

PageSource source_of(std::vector<Event> events) {
  return {.version = kHostile,
          .command = kHostile,
          .folders = {kHostile},
          .manifests = {Json{{"configuration", {{"seed", kHostile}, {"hash", kHostile}}},
                             {"suite", {{"version", kHostile}, {"source", 3}}},
                             {"sessions", {{{"host", {{"processor", kHostile}}}}, 7}}}},
          .events = [events](const ReportRow&) { return Result<std::vector<Event>>(events); }};
}

std::string page_of(const std::vector<Json>& rows, const ReportOptions& options,
                    const PageSource& source) {
  const auto report = report_of(rows, options);
  EXPECT_TRUE(report) << report.error().message;
  return html_report(*report, source);
}

// With every table that there is.
std::string hostile_page() {
  std::vector<Json> rows;
  for (const char* mode : {"a", "b", "c"}) {
    for (int repeat = 0; repeat < 2; ++repeat) {
      rows.push_back(hostile_row(mode));
      rows.back()["repeat"] = repeat;
    }
  }
  rows.push_back(hostile_row(""));
  rows.back()["mode"] = "auto";
  return page_of(rows, {.baseline = kHostile + "a", .hourly_usd = 1, .plan = true},
                 source_of(hostile_run(kHostile)));
}

std::set<std::string> found(const std::string& text, const std::string& pattern) {
  const std::regex expression(pattern);
  std::set<std::string> result;
  for (std::sregex_iterator at(text.begin(), text.end(), expression), end; at != end; ++at) {
    result.insert(at->str(at->size() > 1 ? 1 : 0));
  }
  return result;
}

TEST(MarkupTest, NothingOfATextIsMarkup) {
  EXPECT_EQ(escape("<a href=\"x\" b='y'>&amp;"),
            "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;amp;");
  EXPECT_EQ(escape("a\tb\nc"), "a\tb\nc");
  const std::string bad = "\xEF\xBF\xBD";
  for (const char* text :
       {"\x01", "\x7F", "\xC2\x9B", "\xFF", "\xE2\x80\xAE", "\xE2\x81\xA6", "\xEF\xBF\xBF"}) {
    EXPECT_EQ(escape(text), bad);
  }
  EXPECT_EQ(escape(std::string_view("\0x", 2)), bad + "x");
  EXPECT_EQ(escape("caf\xC3\xA9 \xE2\x82\xAC"), "caf\xC3\xA9 \xE2\x82\xAC");
}

TEST(PageTest, HostileTextsStayTexts) {
  const std::string page = hostile_page();
  EXPECT_EQ(found(page, "<(script|img|iframe|object|embed|link|base|form|input)"),
            std::set<std::string>());
  // Only these elements, however often the texts try to add others.
  const std::set<std::string> known{
      "html", "head", "meta", "title", "style",   "body",    "main",       "h1",
      "h2",   "h3",   "p",    "small", "section", "figure",  "figcaption", "div",
      "svg",  "line", "text", "path",  "circle",  "table",   "thead",      "tbody",
      "tr",   "th",   "td",   "b",     "a",       "span",    "pre",        "code",
      "ul",   "li",   "dl",   "dt",    "dd",      "details", "summary"};
  for (const std::string& name : found(page, "<([a-zA-Z][a-zA-Z0-9]*)")) {
    EXPECT_TRUE(known.contains(name)) << name;
  }
  EXPECT_EQ(found(page, "[\\x00-\\x08\\x0B-\\x1F\\x7F]"), std::set<std::string>());
  EXPECT_NE(page.find("&lt;script&gt;alert(1)"), std::string::npos);
  for (const char* title : {"What auto chose", "Ranking (Bradley-Terry)", "Several tries",
                            "How far the seed moves the score", "If failures were tried again",
                            "Choosing by one repeat", "Required passages", "Every notion of cost",
                            "Tasks that a sequel needs", "Best arm of each task"}) {
    EXPECT_NE(page.find(std::string("<h3>") + title), std::string::npos) << title;
  }
}

TEST(PageTest, NothingComesFromElsewhere) {
  const std::string page = hostile_page();
  EXPECT_EQ(found(page, "url\\(|@import"), std::set<std::string>());
  EXPECT_EQ(found(page, "href=\"([^#\"][^\"]*)\""), std::set<std::string>());
  EXPECT_NE(page.find("default-src 'none'"), std::string::npos);
  // Without the texts of attributes only their names are left in the tags: nothing that loads or
  // runs something.
  const std::string tags = std::regex_replace(page, std::regex("=\"[^\"]*\""), "=");
  const std::set<std::string> known{"lang",        "charset", "http-equiv", "content", "name",
                                    "class",       "role",    "aria-label", "scope",   "viewBox",
                                    "text-anchor", "title",   "href",       "id",      "x1",
                                    "y1",          "x2",      "y2",         "x",       "y",
                                    "cx",          "cy",      "r",          "d",       "tabindex"};
  for (const std::string& tag : found(tags, "<[a-z][^>]*>")) {
    for (const std::string& name : found(tag, "\\s([^\\s=>]+)")) {
      EXPECT_TRUE(known.contains(name)) << tag;
    }
  }
}

TEST(PageTest, EveryLinkLeadsToAnIdOfThePage) {
  const std::string page = page_of({row_of("t", "auto", 1), row_of("t", "instant", 0.5)}, {},
                                   source_of(hostile_run("x")));
  const std::set<std::string> links = found(page, "href=\"#([^\"]+)\"");
  const std::set<std::string> ids = found(page, " id=\"([^\"]+)\"");
  EXPECT_EQ(links, (std::set<std::string>{"run-0-0", "run-0-1", "matrix-0"}));
  EXPECT_EQ(ids, links);
}

TEST(PageTest, TurnsAreFoldedWithTheirCallsAndTheRouteIsExplained) {
  const std::string html = trajectory_html(hostile_run("grep"), 100'000);
  EXPECT_NE(html.find("<summary>The route, and why</summary>"), std::string::npos);
  EXPECT_NE(html.find("<summary>Turn 1: 0 prompt tokens (0 cached), 0 output tokens, 0.000000000 "
                      "USD, 0.0 s, calls grep</summary>"),
            std::string::npos);
  EXPECT_NE(html.find("<p class=\"who\">calls grep</p><pre>grep</pre>"), std::string::npos);
  EXPECT_NE(
      html.find("<th scope=\"row\">agent</th><td>0</td><td>0</td><td>0</td><td>0.000000005</td>"),
      std::string::npos);
  EXPECT_EQ(found(html, "<details>").size(), 1U);
}

TEST(PageTest, ALongRunIsCutAndSaysSo) {
  std::vector<Payload> payloads{Started{}};
  for (int i = 0; i < 500; ++i) {
    payloads.emplace_back(CallBegun{});
    payloads.emplace_back(CallEnded{.message = Message{.text = std::string(1'000'000, 'x')}});
  }
  payloads.emplace_back(Finished{.outcome = {.answer = "the end"}});
  const std::string html = trajectory_html(events_of(std::move(payloads)), 20'000);
  EXPECT_LT(html.size(), 30'000U);
  EXPECT_NE(html.find("Some of this run is left out"), std::string::npos);
  EXPECT_NE(html.find("the end"), std::string::npos);
}

TEST(PageTest, SaysWhyThereIsNoTrajectory) {
  PageSource source = source_of({});
  source.events = [](const ReportRow&) -> Result<std::vector<Event>> {
    return fail(ErrorCode::not_found, "the state was <deleted>");
  };
  EXPECT_NE(page_of({row_of("t", "auto", 1)}, {}, source)
                .find("No trajectory: the state was &lt;deleted&gt;"),
            std::string::npos);
}

TEST(PageTest, CommandsAreQuotedForTheShell) {
  EXPECT_EQ(shell_word("pareto-bench/demo"), "pareto-bench/demo");
  EXPECT_EQ(shell_word("a b"), "'a b'");
  EXPECT_EQ(shell_word("$(rm -rf ~)'"), "'$(rm -rf ~)'\\'''");
  EXPECT_EQ(shell_word(""), "''");
}

TEST(PlotTest, FilesStandAlone) {
  const auto report = report_of({hostile_row("a"), hostile_row("b")});
  ASSERT_TRUE(report);
  const std::string svg = accuracy_cost_plot(report->suites[0].costs[0], {}, Standalone::yes);
  EXPECT_TRUE(svg.starts_with("<svg ")) << svg.substr(0, 80);
  EXPECT_NE(svg.find("xmlns=\"http://www.w3.org/2000/svg\""), std::string::npos);
  EXPECT_NE(svg.find("prefers-color-scheme:dark"), std::string::npos);
  EXPECT_EQ(found(svg, "href|url\\(|<script|<img"), std::set<std::string>());
}

TEST(PlotTest, EveryFigureHasAPlace) {
  // Free arms have no logarithm; one arm has no range; a failed one has no success.
  for (const std::vector<const char*>& costs : std::vector<std::vector<const char*>>{
           {"0"}, {"0.001"}, {"0", "0.001"}, {"0.000000001", "1000"}, {"5", "5", "5"}}) {
    std::vector<Json> rows;
    for (std::size_t i = 0; i < costs.size(); ++i) {
      Json row = row_of("t", "mode" + std::to_string(i), i % 2 == 0 ? 0 : 1);
      row["cost_usd"] = costs[i];
      rows.push_back(row);
    }
    const auto report = report_of(rows);
    ASSERT_TRUE(report);
    const std::string svg = accuracy_cost_plot(report->suites[0].costs[0], {}, Standalone::no);
    EXPECT_EQ(found(svg, "\"[^\"]*(nan|inf)"), std::set<std::string>()) << svg;
    EXPECT_EQ(found(svg, "<(circle) ").size(), 1U);
    EXPECT_EQ(found(svg, "cx=\"(-[0-9.]+)\""), std::set<std::string>());
  }
}

TEST(PlotTest, WithoutAnyCostThereIsNone) {
  Json row = row_of("t", "auto", 1);
  row["cost_known"] = false;
  const auto report = report_of({row});
  ASSERT_TRUE(report);
  EXPECT_EQ(accuracy_cost_plot(report->suites[0].costs[0], {}, Standalone::no), "");
}

}  // namespace
}  // namespace pareto::reporting
