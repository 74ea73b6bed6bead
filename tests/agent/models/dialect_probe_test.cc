#include "agent/models/dialect_probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/models/scripted_model.h"

namespace pareto {
namespace {

using testing::HasSubstr;

// What a model that speaks the dialect says.
std::string script_for(ToolDialect dialect) {
  switch (dialect) {
    case ToolDialect::native:
      return R"([{"text": "I would call echo."}])";
    case ToolDialect::schema:
      return R"([{"tool_calls": [{"name": "echo", "arguments": {"word": "heron"}}]}])";
    case ToolDialect::text:
      return R"([{"tool_calls": [{"name": "echo", "arguments": {"word": "crow"}}]}])";
  }
  return "";
}

std::vector<DialectFinding> probe(const DialectModelFactory& make, Loop& loop) {
  std::vector<DialectFinding> findings;
  bool done = false;
  std::unique_ptr<Operation> operation;
  operation = probe_dialects(loop, make, Deadline::never(), [&](std::vector<DialectFinding> found) {
    findings = std::move(found);
    done = true;
    operation = nullptr;
  });
  EXPECT_FALSE(done);
  loop.run();
  EXPECT_TRUE(done);
  return findings;
}

TEST(DialectProbeTest, TellsWhichDialectsWork) {
  Loop loop;
  const auto findings = probe(
      [&loop](ToolDialect dialect) -> Result<std::unique_ptr<Model>> {
        return *ScriptedModel::make({.name = "m", .tools = dialect}, script_for(dialect), loop);
      },
      loop);
  ASSERT_EQ(findings.size(), 3);
  EXPECT_EQ(findings[0].dialect, ToolDialect::native);
  EXPECT_FALSE(findings[0].works);
  EXPECT_THAT(findings[0].detail, HasSubstr("I would call echo."));
  EXPECT_EQ(findings[1].dialect, ToolDialect::schema);
  EXPECT_TRUE(findings[1].works);
  EXPECT_TRUE(findings[1].usage);
  EXPECT_EQ(findings[2].dialect, ToolDialect::text);
  EXPECT_FALSE(findings[2].works);
  EXPECT_THAT(findings[2].detail, HasSubstr("crow"));
}

TEST(DialectProbeTest, ReportsModelsThatCannotBeMade) {
  Loop loop;
  const auto findings = probe(
      [](ToolDialect) -> Result<std::unique_ptr<Model>> {
        return fail(ErrorCode::invalid, "no such model");
      },
      loop);
  ASSERT_EQ(findings.size(), 3);
  for (const DialectFinding& finding : findings) EXPECT_EQ(finding.detail, "no such model");
}

TEST(DialectProbeTest, CanBeStopped) {
  Loop loop;
  auto operation = probe_dialects(
      loop,
      [&loop](ToolDialect dialect) -> Result<std::unique_ptr<Model>> {
        return *ScriptedModel::make({.name = "m"}, script_for(dialect), loop);
      },
      Deadline::never(), [](const std::vector<DialectFinding>&) { FAIL(); });
  loop.post([&operation] { operation = nullptr; });
  loop.run();
}

}  // namespace
}  // namespace pareto
