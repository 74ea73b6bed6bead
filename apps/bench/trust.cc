#include "apps/bench/trust.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>
#include <utility>
#include <vector>

#include "agent/core/json_fields.h"
#include "agent/core/json_text.h"
#include "agent/text/first_few.h"
#include "agent/text/hashing.h"
#include "apps/bench/suite_check.h"
#include "apps/system/task_file.h"

namespace pareto {
namespace {

// What a good task stays good for. That an oracle's own files changed does not make a task that was
// solved unsolvable.
std::string key_of(const Suite& suite) {
  return to_hex(hash64(fmt::format("{}\n{}\n{}", suite.hash, suite.null_check, suite.oracle)));
}

// Ids of tasks that were found good before; none when the file is of another suite or unreadable.
std::set<std::string> remembered(const std::string& memo, const std::string& key) {
  const auto text = read_text_file(memo);
  if (!text) return {};
  const auto json = parse_json(*text);
  if (!json || !json->is_object()) return {};
  JsonFields fields(*json, memo);
  if (fields.text_or("key", "") != key) return {};
  const auto tasks = fields.texts("tasks");
  return {tasks.begin(), tasks.end()};
}

Result<void> remember(const std::string& memo, const std::string& key,
                      const std::set<std::string>& tasks) {
  return write_text_file(memo, dump_json(Json{{"key", key}, {"tasks", tasks}}) + "\n");
}

}  // namespace

Result<void> trust_suite(const Suite& suite, std::span<const std::size_t> tasks,
                         const Sandbox& sandbox, const std::string& scratch, int jobs,
                         const std::string& memo, const std::function<void(std::size_t)>& say) {
  if (suite.oracle.empty() && !suite.null_check) return {};
  const std::string key = key_of(suite);
  std::set<std::string> good = remembered(memo, key);
  std::vector<std::size_t> missing;
  for (const std::size_t task : tasks) {
    const Task& one = suite.tasks[task];
    if (!one.score.empty() && !good.contains(one.id)) missing.push_back(task);
  }
  if (missing.empty()) return {};
  say(missing.size());
  auto check = check_suite(suite, missing, sandbox, scratch, jobs, {});
  if (!check) return std::unexpected(check.error());
  if (!check->good()) {
    return fail(
        ErrorCode::invalid,
        fmt::format("suite {}: results would mean nothing, since {}; mend it (pareto bench SUITE "
                    "--check) or leave the task out (--filter)",
                    suite.name, first_few(check->failures, "; ")));
  }
  for (const std::size_t task : missing) good.insert(suite.tasks[task].id);
  return remember(memo, key, good);
}

}  // namespace pareto
