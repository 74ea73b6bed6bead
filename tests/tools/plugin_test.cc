#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "agent/io/loop.h"
#include "agent/io/process.h"
#include "agent/io/worker_pool.h"
#include "tests/tools/fixture.h"
#include "tools/digest.h"
#include "tools/plugin/c_plugin.h"
#include "tools/plugin/exec_plugin.h"
#include "tools/registry.h"

namespace pareto {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using Tools = std::vector<std::shared_ptr<Tool>>;

// Plugins are built outside of the tree, as their users do.
class PluginTest : public testing::Test {
 protected:
  ToolResult call(const Tools& tools, const std::string& name,
                  const std::string& arguments = "{}") {
    auto registry = ToolRegistry::make(tools, loop, workers, clock).value();
    return registry->call({.run = {"run"},
                           .workspace = workspace.path(),
                           .call = {"id1", name, arguments},
                           .deadline = Deadline::in(Milliseconds(20'000), clock.now())},
                          {});
  }

  SystemClock clock;
  Loop loop;
  WorkerPool workers{loop, 2};
  TempFolder workspace;
  TempFolder built;
};

class ExecPluginTest : public PluginTest {
 protected:
  void SetUp() override {
    if (machine_sandbox() == nullptr) GTEST_SKIP() << Sandbox::create({}).error().message;
  }
  Result<Tools> load(const std::string& name) {
    const std::string program = built / name;
    std::filesystem::copy_file(std::string(PARETO_SOURCE_DIR) + "/tests/plugin/" + name, program,
                               std::filesystem::copy_options::overwrite_existing);
    ::chmod(program.c_str(), 0755);
    ::chmod(built.path().c_str(), 0755);
    return load_exec_plugin({name, program}, *machine_sandbox());
  }
  std::string script_error(const std::string& text) {
    built.write("script", "#!/bin/sh\n" + text);
    ::chmod((built / "script").c_str(), 0755);
    ::chmod(built.path().c_str(), 0755);
    auto tools = load_exec_plugin({"script", built / "script"}, *machine_sandbox());
    return tools ? "(no error)" : tools.error().message;
  }
};

TEST_F(ExecPluginTest, IsCalledLikeAnyTool) {
  const auto tools = load("upper.py");
  ASSERT_TRUE(tools.has_value()) << tools.error().message;
  EXPECT_EQ(tools->at(0)->spec().replay, Replay::idempotent);
  EXPECT_EQ(call(*tools, "upper", R"({"text": "abc"})"),
            (ToolResult{.call_id = "id1", .text = "ABC"}));
  EXPECT_EQ(
      call(*tools, "upper", R"({"text": "abc", "path": "a.txt"})"),
      (ToolResult{.call_id = "id1", .text = "ABC", .changed_workspace = true, .paths = {"a.txt"}}));
  EXPECT_EQ(workspace.read("a.txt"), "ABC");
  EXPECT_EQ(call(*tools, "upper", R"({"txt": "abc"})").status, ResultStatus::invalid_call);
}

TEST_F(ExecPluginTest, MisbehaviourIsAResultForTheModel) {
  const auto tools = load("misbehaving.py");
  ASSERT_TRUE(tools.has_value()) << tools.error().message;
  for (const std::string name : {"garbage", "huge", "wrong_type", "silent", "deep", "crash"}) {
    const ToolResult result = call(*tools, name);
    EXPECT_EQ(result.status, ResultStatus::error) << name << ": " << result.text;
    EXPECT_LT(result.text.size(), 2'500U) << name;
  }
  EXPECT_THAT(call(*tools, "crash").text, HasSubstr("about to crash"));
  EXPECT_THAT(call(*tools, "wrong_type").text, HasSubstr("text"));
  EXPECT_EQ(call(*tools, "hang").status, ResultStatus::timed_out);
}

TEST_F(ExecPluginTest, RefusesADescriptionThatMakesNoSense) {
  EXPECT_THAT(script_error("echo hello"), HasSubstr("expected a JSON object; found hello"));
  EXPECT_THAT(script_error("exit 3"), HasSubstr("--describe failed (exit status 3"));
  EXPECT_THAT(script_error("echo '{\"tools\": []}'"), HasSubstr("expected 1 to 64 tools"));
  EXPECT_THAT(script_error("yes"), HasSubstr("--describe"));
  EXPECT_THAT(script_error("echo '{\"tools\": [{\"name\": \"a\"}]}'"), HasSubstr("parameters"));
  EXPECT_EQ(load_exec_plugin({"x", "relative"}, *machine_sandbox()).error().code,
            ErrorCode::invalid);
  EXPECT_EQ(load_exec_plugin({"x", "/nonexistent/x"}, *machine_sandbox()).error().code,
            ErrorCode::not_found);
}

class CPluginTest : public PluginTest {
 protected:
  std::string build(const std::string& source, const std::string& name,
                    const std::string& define = "NOTHING", const std::string& headers = "") {
    const std::string library = built / (name + ".so");
    const auto compiled = run_process(
        {.command = {"cc", "-std=c99", "-D_POSIX_C_SOURCE=200809L", "-D" + define, "-Wall",
                     "-Wextra", "-Wno-unused-function", "-Werror", "-pedantic", "-shared", "-fPIC",
                     "-I" + (std::string(PARETO_SOURCE_DIR) + headers), "-o", library,
                     std::string(PARETO_SOURCE_DIR) + "/tests/plugin/" + source}});
    EXPECT_TRUE(compiled && compiled->ok()) << (compiled ? compiled->err.text() : "no compiler");
    return library;
  }
  std::string load_error(const CPluginOptions& options) {
    auto tools = load_c_plugin(options);
    return tools ? "(no error)" : tools.error().message;
  }
};

TEST_F(CPluginTest, IsCalledLikeAnyTool) {
  std::vector<std::string> logged;
  const std::string library = build("reverse.c", "reverse");
  const auto tools =
      load_c_plugin({.name = "reverse",
                     .library = library,
                     .sha256 = sha256_file(library).value(),
                     .log = [&](int, std::string_view text) { logged.emplace_back(text); }});
  ASSERT_TRUE(tools.has_value()) << tools.error().message;
  EXPECT_EQ(call(*tools, "reverse", R"({"text": "abc d"})"),
            (ToolResult{.call_id = "id1", .text = "d cba"}));
  EXPECT_THAT(logged, ElementsAre("reversed"));
  EXPECT_THAT(call(*tools, "reverse", R"({"text": "ABC"})").text,
              HasSubstr("expected text that matches"));
}

TEST_F(CPluginTest, LoadsWhatWasBuiltAgainstTheFirstHeader) {
  const auto tools = load_c_plugin(
      {.name = "old",
       .library = build("reverse.c", "old", "NOTHING", "/tests/plugin/first_header")});
  ASSERT_TRUE(tools.has_value()) << tools.error().message;
  EXPECT_EQ(call(*tools, "reverse", R"({"text": "abc"})").text, "cba");
}

TEST_F(CPluginTest, TwoLibrariesStayApart) {
  const auto first = load_c_plugin({.name = "r", .library = build("reverse.c", "one")}).value();
  const auto second =
      load_c_plugin({.name = "m", .library = build("misbehaving.c", "two")}).value();
  EXPECT_EQ(first.at(0)->spec().name, "reverse");
  EXPECT_EQ(second.at(0)->spec().name, "garbage");
}

TEST_F(CPluginTest, MisbehaviourIsAResultForTheModel) {
  const auto tools =
      load_c_plugin({.name = "bad", .library = build("misbehaving.c", "bad")}).value();
  for (const std::string name : {"garbage", "huge", "null", "fail"}) {
    const ToolResult result = call(tools, name);
    EXPECT_EQ(result.status, ResultStatus::error) << name << ": " << result.text;
    EXPECT_LT(result.text.size(), 500U) << name;
  }
  EXPECT_EQ(call(tools, "slow").status, ResultStatus::timed_out);
  EXPECT_EQ(call(tools, "garbage").status, ResultStatus::error) << "slow is not stuck";
  EXPECT_EQ(call(tools, "hang").status, ResultStatus::timed_out);
  EXPECT_THAT(call(tools, "fail").text, HasSubstr("hangs and is not called again"));
}

TEST_F(CPluginTest, RefusesWhatItCanNotWorkWith) {
  const auto error = [&](const std::string& define) {
    return load_error({.name = define, .library = build("misbehaving.c", define, define)});
  };
  EXPECT_THAT(error("NO_ENTRY"), HasSubstr("it exports no pareto_plugin_v1"));
  EXPECT_THAT(error("REFUSES"), HasSubstr("refused to start (9)"));
  EXPECT_THAT(error("OTHER_ABI"), HasSubstr("it speaks ABI 2; 1 is expected"));
  EXPECT_THAT(error("TOO_SHORT"), HasSubstr("no describe or no call"));
  EXPECT_THAT(error("NO_CALL"), HasSubstr("no describe or no call"));
  EXPECT_THAT(error("BAD_DESCRIPTION"), HasSubstr("tools"));
}

TEST_F(CPluginTest, RefusesAFileThatIsNotTrusted) {
  const std::string library = build("reverse.c", "reverse");
  EXPECT_THAT(load_error({.name = "r", .library = "reverse.so"}), HasSubstr("absolute path"));
  EXPECT_THAT(load_error({.name = "r", .library = built / "none.so"}), HasSubstr("no such file"));
  EXPECT_THAT(load_error({.name = "r", .library = library, .sha256 = std::string(64, '0')}),
              HasSubstr("expected SHA-256 0000"));
  ::chmod(library.c_str(), 0777);
  EXPECT_THAT(load_error({.name = "r", .library = library}), HasSubstr("others may write to it"));
  built.write("text.so", "no library");
  EXPECT_THAT(load_error({.name = "r", .library = built / "text.so"}),
              HasSubstr("can't be loaded"));
}

}  // namespace
}  // namespace pareto
