#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "agent/io/system_clock.h"
#include "tools/corpus/corpus.h"
#include "tools/sandbox/sandbox.h"
#include "tools/tool.h"
#include "tools/workspace/copy_tree.h"

namespace pareto {

// A folder of files, removed with its owner.
class TempFolder {
 public:
  TempFolder() : scratch_(ScratchFolder::make().value()) {}
  const std::string& path() const { return scratch_.path(); }
  std::string operator/(const std::string& name) const { return path() + "/" + name; }

  void write(const std::string& name, const std::string& text) const {
    const std::filesystem::path file(*this / name);
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
  }
  std::string read(const std::string& name) const {
    std::ifstream file(*this / name, std::ios::binary);
    if (!file) return "(missing)";
    return {std::istreambuf_iterator<char>(file), {}};
  }
  bool has(const std::string& name) const {
    return std::filesystem::exists(std::filesystem::symlink_status(*this / name));
  }

 private:
  ScratchFolder scratch_;
};

// The machine's sandbox, made once for all tests of a binary; null where bubblewrap can't run.
inline const Sandbox* machine_sandbox() {
  static const auto made = Sandbox::create({});
  return made ? &*made : nullptr;
}

// A tool test: a workspace, and a tool called as a worker would.
class ToolTest : public testing::Test {
 protected:
  ToolResult call(Tool& tool, const Json& arguments) { return tool.call(arguments, context()); }
  ToolContext context() {
    return {.run = {"run"},
            .workspace = workspace.path(),
            .corpus = corpus,
            .check = check,
            .stop = stop.get_token(),
            .deadline = Deadline::in(Milliseconds(60'000), clock.now()),
            .clock = clock};
  }

  SystemClock clock;
  TempFolder workspace;
  std::string corpus;
  CheckCommand check;
  std::stop_source stop;
  CorpusCache corpora{""};
};

// A tool test that needs the sandbox.
class SandboxedToolTest : public ToolTest {
 protected:
  void SetUp() override {
    if (machine_sandbox() == nullptr) GTEST_SKIP() << Sandbox::create({}).error().message;
  }
  const Sandbox& sandbox() { return *machine_sandbox(); }
};

}  // namespace pareto
