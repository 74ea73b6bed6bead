#include "tools/builtin/search.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "tools/builtin/builtin_tool.h"
#include "tools/builtin/spec.h"
#include "tools/corpus/corpus.h"
#include "tools/output.h"

namespace pareto {
namespace {

constexpr int kShown = 5;

ToolSpec search_spec() {
  return {.name = "search",
          .description =
              "Search the task's collection of passages by words. Shows the five best passages, "
              "each with its id, title and the part that matches; open one by its id to read it "
              "in full. Search again with names found in them.",
          .summary = "search passages by words",
          .parameters =
              parameters_of({{"query", "string", Need::required, "names and words to look for"}}),
          .replay = Replay::idempotent,
          .timeout = Milliseconds(120'000)};
}

class SearchTool : public BuiltinTool {
 public:
  explicit SearchTool(CorpusCache& corpora) : BuiltinTool(search_spec()), corpora_(corpora) {}

  bool offered(const Task& task) const override { return !task.corpus.empty(); }

  ToolResult call(const Json& arguments, const ToolContext& context) override {
    if (context.corpus.empty()) return tool_error("This task has no passages to search.");
    auto corpus = corpora_.open(context.corpus);
    if (!corpus) return tool_error(corpus.error().message + ".");
    auto hits = (*corpus)->search(text_argument(arguments, "query"), kShown);
    if (!hits) return tool_error(hits.error().message + ".");
    if (hits->empty()) return tool_ok("No passage has any of these words. Try other words.");
    std::string text;
    for (const Corpus::Hit& hit : *hits) {
      text += fmt::format("[{}] {}\n{}\n\n", hit.passage.id, one_line(hit.passage.title, 200),
                          hit.snippet);
    }
    text.resize(text.size() - 1);
    return tool_ok(std::move(text));
  }

 private:
  CorpusCache& corpora_;
};

}  // namespace

std::shared_ptr<Tool> make_search_tool(CorpusCache& corpora) {
  return std::make_shared<SearchTool>(corpora);
}

}  // namespace pareto
