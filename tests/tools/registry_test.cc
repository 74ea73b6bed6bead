#include "tools/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>

#include "agent/io/loop.h"
#include "agent/io/worker_pool.h"
#include "tests/tools/fixture.h"
#include "tools/builtin/builtin_tool.h"
#include "tools/builtin/spec.h"
#include "tools/catalogue.h"
#include "tools/output.h"

namespace pareto {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// A tool that does what a test tells it to.
class FakeTool : public BuiltinTool {
 public:
  using Body = std::function<ToolResult(const Json&, const ToolContext&)>;
  FakeTool(ToolSpec spec, Body body) : BuiltinTool(std::move(spec)), body_(std::move(body)) {}
  bool offered(const Task&) const override { return true; }
  ToolResult call(const Json& arguments, const ToolContext& context) override {
    return body_(arguments, context);
  }

 private:
  Body body_;
};

ToolSpec spec_named(const std::string& name) {
  return {.name = name, .parameters = parameters_of({{"text", "string", Need::optional, ""}})};
}

std::shared_ptr<Tool> fake(const std::string& name, FakeTool::Body body) {
  return std::make_shared<FakeTool>(spec_named(name), std::move(body));
}

class RegistryTest : public testing::Test {
 protected:
  std::unique_ptr<ToolRegistry> registry(std::vector<std::shared_ptr<Tool>> tools) {
    return ToolRegistry::make(std::move(tools), loop, workers, clock).value();
  }
  static Toolbox::Call call_of(const std::string& name, const std::string& arguments = "{}") {
    return {.run = {"run"}, .call = {"id1", name, arguments}};
  }

  SystemClock clock;
  Loop loop;
  WorkerPool workers{loop, 2};
};

TEST_F(RegistryTest, RunsACallOnAWorkerAndCompletesOnTheLoop) {
  std::thread::id worker;
  auto tools = registry({fake("echo", [&](const Json& arguments, const ToolContext&) {
    worker = std::this_thread::get_id();
    return tool_ok(text_argument(arguments, "text"));
  })});
  std::optional<ToolResult> result;
  auto operation = tools->invoke(call_of("echo", R"({"text": "hello"})"), [&](ToolResult made) {
    EXPECT_NE(std::this_thread::get_id(), worker);
    result = std::move(made);
  });
  EXPECT_FALSE(result.has_value());
  loop.run();
  EXPECT_EQ(result, (ToolResult{.call_id = "id1", .text = "hello"}));
}

TEST_F(RegistryTest, RunsALoopToolOnTheLoopButNotFromWithinInvoke) {
  ToolSpec spec = spec_named("quick");
  spec.dispatch = Dispatch::loop;
  const auto here = std::this_thread::get_id();
  auto tools = registry({std::make_shared<FakeTool>(spec, [&](const Json&, const ToolContext&) {
    EXPECT_EQ(std::this_thread::get_id(), here);
    return tool_ok("done");
  })});
  std::optional<ToolResult> result;
  auto kept = tools->invoke(call_of("quick"), [&](ToolResult made) { result = std::move(made); });
  bool called = false;
  auto dropped = tools->invoke(call_of("quick"), [&](ToolResult) { called = true; });
  EXPECT_FALSE(result.has_value());
  dropped.reset();
  loop.run();
  EXPECT_EQ(result, (ToolResult{.call_id = "id1", .text = "done"}));
  EXPECT_FALSE(called);
}

TEST_F(RegistryTest, AHandlerMayDestroyItsOwnOperation) {
  ToolSpec spec = spec_named("quick");
  spec.dispatch = Dispatch::loop;
  auto tools = registry({std::make_shared<FakeTool>(
      spec, [](const Json&, const ToolContext&) { return tool_ok("done"); })});
  std::unique_ptr<Operation> operation;
  int called = 0;
  operation = tools->invoke(call_of("quick"), [&](ToolResult) {
    operation.reset();
    ++called;
  });
  loop.run();
  EXPECT_EQ(called, 1);
}

TEST_F(RegistryTest, DestroyingTheOperationStopsTheCall) {
  std::atomic<bool> stopped = false;
  auto tools = registry({fake("wait", [&](const Json&, const ToolContext& context) {
    while (!context.stop.stop_requested()) std::this_thread::yield();
    stopped = true;
    return tool_ok("");
  })});
  auto operation = tools->invoke(call_of("wait"), [](ToolResult) { ADD_FAILURE(); });
  operation.reset();
  loop.run();
  // Either the call never began or it saw the stop; the pool's destructor would hang otherwise.
  SUCCEED();
}

TEST_F(RegistryTest, NamesTheToolThatWasMeant) {
  auto tools = registry({fake("search", nullptr), fake("view", nullptr)});
  EXPECT_EQ(tools->call(call_of("serch"), {}),
            (ToolResult{.call_id = "id1",
                        .status = ResultStatus::invalid_call,
                        .text = "There is no tool \"serch\". Did you mean search? Tools: search, "
                                "view."}));
}

TEST_F(RegistryTest, RefusesWhatATaskDoesNotOffer) {
  int ran = 0;
  const auto count = [&ran](const Json&, const ToolContext&) {
    ++ran;
    return tool_ok("");
  };
  ToolSpec outside = spec_named("fetch");
  outside.reach = Reach::outside;
  auto tools = registry(
      {std::make_shared<FakeTool>(outside, count), fake("run", count), fake("view", count)});
  const auto status = [&](const char* name, Toolbox::Call::Others others) {
    Toolbox::Call call = call_of(name);
    call.offered = {"view"};
    call.others = others;
    return tools->call(call, {}).status;
  };
  using Others = Toolbox::Call::Others;
  EXPECT_EQ(status("view", Others::none), ResultStatus::ok);
  EXPECT_EQ(status("run", Others::workspace), ResultStatus::ok);
  EXPECT_EQ(ran, 2);
  EXPECT_EQ(status("run", Others::none), ResultStatus::invalid_call);
  EXPECT_EQ(status("fetch", Others::none), ResultStatus::invalid_call);
  EXPECT_EQ(status("fetch", Others::workspace), ResultStatus::invalid_call)
      << "nobody was asked whether it may";
  EXPECT_EQ(ran, 2);
  Toolbox::Call call = call_of("run");
  call.others = Others::none;
  EXPECT_EQ(tools->call(call, {}).text, "There is no tool \"run\". This task has none.");
  call.offered = {"fetch"};
  EXPECT_EQ(tools->call(call, {}).text, "There is no tool \"run\". Tools: fetch.");
  call.call.name = "fetch";
  EXPECT_EQ(tools->call(call, {}).status, ResultStatus::ok);
}

TEST_F(RegistryTest, AResultKeepsWithinWhatItsCallerHasRoomFor) {
  auto tools = registry({fake(
      "view", [](const Json&, const ToolContext&) { return tool_ok(std::string(5'000, 'x')); })});
  Toolbox::Call call = call_of("view");
  call.max_text = 1'000;
  const std::size_t size = tools->call(call, {}).text.size();
  EXPECT_GT(size, 900U);
  EXPECT_LT(size, 1'096U) << "with the line that says what is missing";
}

TEST_F(RegistryTest, WrongArgumentsAreAResultForTheModel) {
  auto tools = registry({fake("echo", nullptr)});
  const ToolResult result = tools->call(call_of("echo", R"({"txt": "a"})"), {});
  EXPECT_EQ(result.status, ResultStatus::invalid_call);
  EXPECT_THAT(result.text, HasSubstr("did you mean \"text\"?"));
}

TEST_F(RegistryTest, BoundsResultsAndMakesThemText) {
  auto tools = registry({fake("big", [](const Json&, const ToolContext&) {
    return tool_ok("\xff" + std::string(50'000, 'x') + "end");
  })});
  const std::string text = tools->call(call_of("big"), {}).text;
  EXPECT_LE(text.size(), 10'100U);
  EXPECT_THAT(text, testing::EndsWith("end"));
  EXPECT_TRUE(is_valid_utf8(text));
}

TEST_F(RegistryTest, AnExceptionIsAResult) {
  auto tools = registry({fake("bad", [](const Json&, const ToolContext&) -> ToolResult {
    throw std::runtime_error("boom");
  })});
  const ToolResult result = tools->call(call_of("bad"), {});
  EXPECT_EQ(result.status, ResultStatus::error);
  EXPECT_THAT(result.text, HasSubstr("boom"));
}

TEST_F(RegistryTest, DoesNotBeginPastTheDeadline) {
  auto tools = registry({fake("echo", [](const Json&, const ToolContext&) {
    ADD_FAILURE();
    return tool_ok("");
  })});
  auto call = call_of("echo");
  call.deadline = {clock.now()};
  EXPECT_EQ(tools->call(call, {}).status, ResultStatus::timed_out);
}

TEST_F(RegistryTest, RefusesToolsThatCanNotBeOffered) {
  const auto error = [&](std::vector<std::shared_ptr<Tool>> tools) {
    auto made = ToolRegistry::make(std::move(tools), loop, workers, clock);
    return made ? "(no error)" : made.error().message;
  };
  EXPECT_THAT(error({fake("a", nullptr), fake("a", nullptr)}), HasSubstr("two tools named a"));
  EXPECT_THAT(error({fake("a b", nullptr)}), HasSubstr("expected a tool name"));
  ToolSpec none{.name = "none"};
  EXPECT_THAT(error({std::make_shared<FakeTool>(none, nullptr)}), HasSubstr("of type object"));
  ToolSpec bad{
      .name = "bad",
      .parameters = std::make_shared<const Json>(Json{{"type", "object"}, {"required", "text"}})};
  EXPECT_THAT(error({std::make_shared<FakeTool>(bad, nullptr)}), HasSubstr("tool bad: schema"));
}

class CatalogueTest : public RegistryTest {
 protected:
  void SetUp() override {
    if (machine_sandbox() == nullptr) GTEST_SKIP() << Sandbox::create({}).error().message;
    tools = registry(builtin_tools({*machine_sandbox(), corpora}));
  }
  std::vector<std::string> names(const Task& task) {
    std::vector<std::string> found;
    const auto specs = tools->specs(task).value();
    for (const ToolSpec& spec : specs) found.push_back(spec.name);
    return found;
  }

  CorpusCache corpora{""};
  std::unique_ptr<ToolRegistry> tools;
};

TEST_F(CatalogueTest, OffersWhatATaskCanUse) {
  EXPECT_THAT(names({.prompt = "add"}), ElementsAre("finish", "run"));
  EXPECT_THAT(names({.files = {{"a", ""}}}), ElementsAre("edit", "finish", "grep", "run", "view"));
  EXPECT_THAT(names({.files = {{"a", ""}}, .verify = CheckCommand{"true"}}),
              ElementsAre("edit", "finish", "grep", "run", "run_tests", "view"));
  EXPECT_THAT(names({.corpus = "/c"}), ElementsAre("finish", "open", "search"));
}

TEST_F(CatalogueTest, ATaskMayNameItsTools) {
  EXPECT_THAT(names({.tools = {"write", "view"}}), ElementsAre("finish", "view", "write"));
  EXPECT_THAT(tools->specs(Task{.tools = {"veiw"}}).error().message,
              HasSubstr("Did you mean view?"));
}

TEST_F(CatalogueTest, EveryToolIsDescribedForLargeAndSmallModels) {
  for (const ToolSpec& spec : tools->all()) {
    EXPECT_FALSE(spec.description.empty()) << spec.name;
    EXPECT_FALSE(spec.summary.empty()) << spec.name;
    EXPECT_LT(spec.summary.size(), 60U) << spec.name;
    EXPECT_EQ(tools->find(spec.name)->name, spec.name);
    EXPECT_LE((*spec.parameters)["properties"].size(), 3U) << spec.name;
  }
  EXPECT_EQ(tools->find("none"), nullptr);
}

TEST_F(CatalogueTest, RunsABuiltInToolByName) {
  EXPECT_THAT(tools->call(call_of("run", R"j({"command": "echo $((6*7))"})j"), {}).text,
              HasSubstr("42\n[exit status 0"));
}

}  // namespace
}  // namespace pareto
