#include "tools/builtin/open.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "tools/builtin/builtin_tool.h"
#include "tools/builtin/spec.h"
#include "tools/corpus/corpus.h"

namespace pareto {
namespace {

ToolSpec open_spec() {
  return {.name = "open",
          .description =
              "Read one passage of the collection in full, by the id that search shows "
              "in brackets.",
          .summary = "read a passage by its id",
          .parameters =
              parameters_of({{"id", "string", Need::required, "id of a passage, such as 12"}}),
          .replay = Replay::idempotent,
          .timeout = Milliseconds(120'000)};
}

// Models copy the brackets with the id.
std::string_view without_brackets(std::string_view id) {
  const std::size_t first = id.find_first_not_of(" [");
  const std::size_t last = id.find_last_not_of(" ]");
  return first == std::string_view::npos || last < first ? id : id.substr(first, last - first + 1);
}

class OpenTool : public BuiltinTool {
 public:
  explicit OpenTool(CorpusCache& corpora) : BuiltinTool(open_spec()), corpora_(corpora) {}

  bool offered(const Task& task) const override { return !task.corpus.empty(); }

  ToolResult call(const Json& arguments, const ToolContext& context) override {
    if (context.corpus.empty()) return tool_error("This task has no passages to open.");
    auto corpus = corpora_.open(context.corpus);
    if (!corpus) return tool_error(corpus.error().message + ".");
    const std::string id = text_argument(arguments, "id");
    auto passage = (*corpus)->open(id);
    if (!passage) passage = (*corpus)->open(without_brackets(id));
    if (!passage) return tool_error(passage.error().message);
    return tool_ok(fmt::format("[{}] {}\n{}", passage->id, passage->title, passage->text));
  }

 private:
  CorpusCache& corpora_;
};

}  // namespace

std::shared_ptr<Tool> make_open_tool(CorpusCache& corpora) {
  return std::make_shared<OpenTool>(corpora);
}

}  // namespace pareto
