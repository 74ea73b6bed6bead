#include "apps/export/otlp.h"

#include <algorithm>
#include <set>

#include "agent/core/json_text.h"
#include "tests/apps/export/export_fixture.h"

namespace pareto::exporting {
namespace {

const OtlpOptions kOptions{.version = "0.1.0", .providers = {{"local", "llama.cpp"}}};

OtlpOptions with_content() {
  OtlpOptions options = kOptions;
  options.content = Content::included;
  return options;
}

const Json& spans_of(const Json& document) {
  return document["resourceSpans"][0]["scopeSpans"][0]["spans"];
}

TEST(OtlpTest, WholeRunsAreAsExpected) {
  expect_golden("agentic_wrap_up.otlp.json",
                otlp_trace(turns_of_golden("agentic_wrap_up"), kOptions));
  expect_golden("instant_repair.content.otlp.json",
                otlp_trace(turns_of_golden("instant_repair"), with_content()));
  expect_golden("interrupted.otlp.json", otlp_trace(*turns_of(interrupted_events()), kOptions));
}

TEST(OtlpTest, EveryBeginningOfARunIsATraceWithOneRoot) {
  for (const char* name :
       {"agentic_repair", "agentic_wrap_up", "instant_repair", "reasoning_question"}) {
    const auto events = golden_events(name);
    for (std::size_t count = 1; count <= events.size(); ++count) {
      const Json document = otlp_trace(*turns_of(std::span(events).first(count)), kOptions);
      std::set<std::string> ids;
      int roots = 0;
      for (const Json& span : spans_of(document)) {
        EXPECT_EQ(span["traceId"].get<std::string>().size(), 32U);
        EXPECT_EQ(span["spanId"].get<std::string>().size(), 16U);
        EXPECT_TRUE(ids.insert(span["spanId"]).second) << name << " " << count;
        roots += span.contains("parentSpanId") ? 0 : 1;
        EXPECT_LE(span["startTimeUnixNano"].get<std::string>(),
                  span["endTimeUnixNano"].get<std::string>());
      }
      EXPECT_EQ(roots, 1);
      EXPECT_FALSE(spans_of(document)[0].contains("parentSpanId"));
    }
  }
}

TEST(OtlpTest, ContentIsWrittenOnlyWhereItIsAskedFor) {
  for (const char* name :
       {"agentic_repair", "agentic_wrap_up", "instant_repair", "reasoning_question"}) {
    const RunTurns turns = turns_of_golden(name);
    const std::string without = dump_json(otlp_trace(turns, kOptions));
    for (const char* text : {"Emma", "gcd.py", "RecursionError", "17 + 25", "Jane Austen"}) {
      EXPECT_FALSE(without.contains(text)) << name << ": " << text;
    }
  }
  const std::string with =
      dump_json(otlp_trace(turns_of_golden("agentic_wrap_up"), with_content()));
  EXPECT_TRUE(with.contains("Emma novel"));
  EXPECT_TRUE(with.contains("The limit of this task is reached"));
}

TEST(OtlpTest, IdsOfAnotherRunAreOthers) {
  auto events = golden_events("reasoning_question");
  const Json one = otlp_trace(*turns_of(events), kOptions);
  EXPECT_EQ(one, otlp_trace(*turns_of(events), kOptions));
  std::get<Started>(events[0].payload).run.value.back() = '2';
  const Json other = otlp_trace(*turns_of(events), kOptions);
  for (std::size_t i = 0; i < spans_of(one).size(); ++i) {
    EXPECT_NE(spans_of(one)[i]["traceId"], spans_of(other)[i]["traceId"]);
    EXPECT_NE(spans_of(one)[i]["spanId"], spans_of(other)[i]["spanId"]);
  }
}

}  // namespace
}  // namespace pareto::exporting
