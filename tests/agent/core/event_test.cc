#include "agent/core/event.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "agent/core/json_text.h"
#include "tests/support/pure_driver.h"

namespace pareto {
namespace {

Money usd(const char* text) { return *Money::parse(text); }

Started full_started() {
  return {.run = RunId{"01JD0000000000000000000001"},
          .task = {.id = "gcd",
                   .label = "repair",
                   .prompt = "Fix \"it\".\n\x01 ünï",
                   .files = {{"gcd.py", "def gcd(a, b):\n"}},
                   .workspace = "/w",
                   .corpus = "/c.jsonl",
                   .tools = {"edit", "view"},
                   .verify = CheckCommand{"python3 tests.py", Milliseconds(2'013)},
                   .score = R"({"type":"exact","answers":["a"]})",
                   .limits = {.turns = 4},
                   .sensitive = true,
                   .metadata = R"({"k":[1]})"},
          .limits = {.usd = usd("0.05"), .turns = 3, .seconds = Milliseconds(60'001)},
          .asked_mode = "agentic",
          .asked_model = "local",
          .asked_effort = "high",
          .seed = std::numeric_limits<std::uint64_t>::max(),
          .origin = "bench",
          .config_hash = "abc",
          .disabled_concerns = {"loop"}};
}

Recalled full_recalled() {
  return {{.neighbours = {{RunId{"r"}, 0.1, Mode::reasoning, "local", 0.3, usd("0.001")}},
           .briefing = {.files = {{"a.py", "text"}},
                        .omitted = {"big.py"},
                        .total_files = 2,
                        .total_bytes = 99'999,
                        .passages = {{"p1", "Title", "Text"}},
                        .corpus_passages = 994,
                        .check_output = "AssertionError"},
           .tools = {"edit", "fetch"},
           .tool_spec_bytes = 1'234,
           .outside_tools = {"fetch"},
           .note = "no memory"}};
}

Routed full_routed() {
  return {{.mode = Mode::agentic,
           .model = "big",
           .effort = Effort::high,
           .limits = {.turns = 7},
           .propensity = 1.0 / 3,
           .forced = true,
           .kind = "repair",
           .reason = "asked for",
           .arms = {{Mode::instant, "local", Effort::low, false, "too big", 0.25, usd("0.01"),
                     -0.001, 0.5},
                    {Mode::agentic, "big", Effort::high, true, "", 0.9, std::nullopt, 0.04, 0.5}},
           .features = R"({"log_bytes":1.5})",
           .seed = 1ULL << 63U,
           .policy_version = "p1",
           .price_version = "q1"},
          {.name = "big",
           .context = 200'000,
           .max_output_tokens = 4'096,
           .price = Price{usd("1.25"), usd("0.125"), usd("1.5"), usd("10")},
           .tools = ToolDialect::schema,
           .small = true},
          2'345};
}

CallBegun full_call_begun() {
  return {.call = CallId{"c1"},
          .role = Spender::judge,
          .model = "big",
          .reserved = usd("0.012345678"),
          .priced = false,
          .max_output_tokens = 512,
          .appended = {{.role = Role::user, .text = "The check fails."}},
          .tail = "ENVIRONMENT REMINDER",
          .history_hash = 0xfedcba9876543210U,
          .wrap_up = true};
}

CallEnded full_call_ended() {
  return {.call = CallId{"c1"},
          .settled = usd("0.01"),
          .estimated = true,
          .usage = Usage{1, 2, 3, 4, 5},
          .message = Message{.role = Role::assistant,
                             .text = "text",
                             .reasoning = "hm",
                             .tool_calls = {{"t1", "edit", "{\"a\": not json"}}},
          .finish_reason = FinishReason::tool_calls,
          .error = Error{ErrorCode::protocol, "cut"},
          .attempts = 3,
          .took = Milliseconds(1'500)};
}

Outcome full_outcome() {
  Receipt receipt{.cost_known = false,
                  .cost_estimated = true,
                  .turns = 3,
                  .tool_calls = 4,
                  .model_calls = 5,
                  .seconds = Milliseconds(12'345),
                  .model_seconds = Milliseconds(9'876)};
  receipt.usage[0] = {10, 5, 1, 7, 2};
  receipt.cost[0] = usd("0.001");
  receipt.cost[kSpenders - 1] = usd("0.5");
  return {.status = Status::limit,
          .reason = Reason::seconds,
          .answer = "42",
          .verdict = Verdict{false, 1, "out", "", Milliseconds(10)},
          .diff = "--- a\n+++ b\n",
          .error = "the time is used up",
          .receipt = receipt};
}

// One of each payload with every field set, and one with none.
std::vector<Payload> every_payload() {
  return {
      full_started(),
      Started{.run = RunId{"r"}, .task = {.id = "a", .prompt = "b"}, .asked_mode = "auto"},
      full_recalled(),
      Recalled{},
      full_routed(),
      Routed{.model = {.name = "local"}},
      Planned{{{.role = Role::system, .text = "s"},
               {.role = Role::tool, .text = "r", .tool_call_id = "t", .tool_name = "view"}},
              {"edit", "view"}},
      Planned{},
      full_call_begun(),
      CallBegun{},
      full_call_ended(),
      CallEnded{},
      StepBegun{{{"t1", "edit", "{}"}, {"t2", "view", ""}}, true},
      StepBegun{},
      StepEnded{{"t1", ResultStatus::timed_out, "late", true, {"a.py", "b.py"}}, Milliseconds(7)},
      StepEnded{},
      LimitReached{Reason::invalid_calls, "agentic", "10 calls"},
      Nudged{"loop", "Try something else."},
      Compacted{2, 9, {.role = Role::user, .text = "Earlier steps"}},
      ApprovalAsked{{"t1"}, "Allow fetch?"},
      ApprovalGiven{{"t1"}, true, "person"},
      VerifyBegun{},
      Verified{{true, 0, "ok", "no sandbox", Milliseconds(33)}},
      Resumed{"host/1"},
      CancelRequested{"person"},
      Finished{full_outcome(), {{"budget_guard", 7, 123'456'789'012}, {"loop", 6, 0}}},
      Finished{}};
}

TEST(EventTest, EveryPayloadIsReadBackWhole) {
  std::set<std::size_t> kinds;
  std::int64_t seq = 0;
  for (const Payload& payload : every_payload()) {
    const Event event{++seq, instant_from_ms(1'700'000'000'000 + seq), payload};
    const std::string line = to_line(event);
    EXPECT_FALSE(line.contains('\n'));
    const auto again = event_from_line(line);
    ASSERT_TRUE(again) << again.error().message << "\n" << line;
    EXPECT_EQ(*again, event) << line;
    kinds.insert(payload.index());
  }
  EXPECT_EQ(kinds.size(), std::variant_size_v<Payload>) << "a payload without a round trip";
}

TEST(EventTest, EventsOfVersionOneStayReadable) {
  const auto events = testing::read_events(std::string(PARETO_GOLDEN) + "/events_v1.jsonl");
  std::vector<Event> expected;
  for (const Payload& payload : every_payload()) {
    const auto seq = static_cast<std::int64_t>(expected.size()) + 1;
    expected.push_back({seq, instant_from_ms(1'700'000'000'000 + seq), payload});
    // What came later is as if nobody knew.
    if (auto* routed = std::get_if<Routed>(&expected.back().payload)) routed->tool_bytes = 0;
    if (auto* end = std::get_if<Finished>(&expected.back().payload)) end->concerns.clear();
  }
  EXPECT_EQ(events, expected);
}

TEST(EventTest, ReadsATaskAsDeepAsTaskFilesMayBe) {
  // Two levels are the task and its field.
  const std::string deep = std::string(62, '[') + std::string(62, ']');
  auto task =
      task_from_json(*parse_json(R"({"id":"a","prompt":"b","metadata":{"x":)" + deep + "}}"), "/");
  ASSERT_TRUE(task) << task.error().message;
  const Event event{1, instant_from_ms(1), Started{.run = RunId{"r"}, .task = *task}};
  const auto again = event_from_line(to_line(event));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(std::get<Started>(again->payload).task, *task);
}

TEST(EventTest, RefusesWhatItDoesNotKnow) {
  const auto error = [](const std::string& line) {
    const auto event = event_from_line(line);
    return event ? "no error" : event.error().message;
  };
  EXPECT_EQ(error(R"({"v":1,"seq":1,"at":1,"type":"exploded"})"),
            "event: unknown type \"exploded\"");
  EXPECT_TRUE(error(R"({"v":2,"seq":1,"at":1,"type":"resumed"})").contains("newer than"));
  EXPECT_TRUE(error(R"({"v":1,"seq":1,"at":1,"type":"verified"})").contains("\"verdict\""));
  EXPECT_TRUE(
      error(R"({"v":1,"seq":1,"at":1,"type":"limit_reached","reason":"hunger","concern":"x"})")
          .contains("hunger"));
  EXPECT_TRUE(error("").contains("not valid JSON"));
  EXPECT_TRUE(error(std::string(5'000, '[')).contains("nested"));
}

TEST(EventTest, BrokenUtf8CannotBreakTheJournal) {
  const Event event{1, instant_from_ms(1), Nudged{"loop", "a\xff\xfe z"}};
  const auto again = event_from_line(to_line(event));
  ASSERT_TRUE(again);
  EXPECT_EQ(std::get<Nudged>(again->payload).text, "a\xEF\xBF\xBD\xEF\xBF\xBD z");
}

TEST(EventTest, ANewFieldOfALaterProgramIsIgnored) {
  const auto event =
      event_from_line(R"({"v":1,"seq":4,"at":5,"type":"resumed","owner":"me","colour":"red"})");
  ASSERT_TRUE(event);
  EXPECT_EQ(*event, (Event{4, instant_from_ms(5), Resumed{"me"}}));
}

}  // namespace
}  // namespace pareto
