#include "apps/bench/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "agent/core/json_fields.h"

namespace pareto {
namespace {

std::string text(const Json& row, std::string_view key) {
  return JsonFields(row, "row").text_or(key, "");
}
double number(const Json& row, std::string_view key) {
  return JsonFields(row, "row").number_or(key, 0);
}

constexpr const char* kHeader = "{:<22} {:>9} {:>7} {:>7} {:>6} {:>9} {:>8} {:>8} {:>11} {:>11}\n";

// Success of the runs that gave a verdict, and of all that were tried: errors that are left out
// silently make a result look better than it is.
std::string header(std::string_view first) {
  return fmt::format(kHeader, first, "success", "scored", "of all", "turns", "prompt", "output",
                     "seconds", "USD", "USD/success");
}

std::string line(const std::string& name, const Tally& sum) {
  const double n = std::max(1, sum.scored());
  const auto pass = sum.cost_of_pass();
  const auto dollars = [](Money money) {
    return fmt::format("{:.6f}", static_cast<double>(money.to_nanos()) / 1e9);
  };
  return fmt::format(
      kHeader, name, fmt::format("{:g}/{}", sum.successes, sum.scored()),
      fmt::format("{:.0f} %", 100 * sum.successes / n),
      fmt::format("{:.0f} %", 100 * sum.successes / std::max(1, sum.rows)),
      fmt::format("{:.1f}", sum.turns / n), fmt::format("{:.0f}", sum.prompt_tokens / n),
      fmt::format("{:.0f}", sum.completion_tokens / n), fmt::format("{:.1f}", sum.seconds / n),
      dollars(sum.cost) + (sum.cost_known ? "" : "?"), pass ? dollars(*pass) : "none");
}

std::string choices(const std::vector<Json>& rows) {
  std::map<std::string, std::map<std::string, int>> chosen;
  for (const Json& row : rows) {
    if (text(row, "mode") != "auto" || text(row, "mode_used").empty()) continue;
    ++chosen[text(row, "class")][text(row, "mode_used")];
  }
  if (chosen.empty()) return "";
  std::string result = "\nWhat auto chose:\n";
  for (const auto& [name, modes] : chosen) {
    std::string list;
    for (const auto& [mode, count] : modes) {
      list += fmt::format("{}{} {}", list.empty() ? "" : ", ", mode, count);
    }
    result += fmt::format("  {:<20} {}\n", name.empty() ? "(no class)" : name, list);
  }
  return result;
}

}  // namespace

double success_of(const Json& row) {
  const auto score = row.find("score");
  if (score != row.end() && score->is_number()) return score->get<double>();
  return text(row, "status") == "success" ? 1 : 0;
}

std::optional<Money> Tally::cost_of_pass() const {
  if (successes <= 0) return std::nullopt;
  return Money::nanos(static_cast<std::int64_t>(static_cast<double>(cost.to_nanos()) / successes));
}

Tally tally(const std::vector<const Json*>& rows) {
  Tally sum;
  for (const Json* row : rows) {
    ++sum.rows;
    sum.cost += Money::parse(text(*row, "cost_usd")).value_or(Money());
    sum.cost_known &= JsonFields(*row, "row").flag_or("cost_known", true);
    if (text(*row, "status") == "error") {
      ++sum.errors;
      continue;
    }
    sum.successes += success_of(*row);
    sum.turns += number(*row, "turns");
    sum.prompt_tokens += number(*row, "prompt_tokens");
    sum.completion_tokens += number(*row, "completion_tokens");
    sum.seconds += number(*row, "seconds");
  }
  return sum;
}

std::string summary_tables(const std::vector<Json>& rows) {
  using Name = std::pair<std::string, std::string>;
  std::map<Name, std::vector<const Json*>> by_arm;
  std::map<std::tuple<std::string, std::string, std::string>, std::vector<const Json*>> by_class;
  int errors = 0;
  for (const Json& row : rows) {
    by_arm[{text(row, "mode"), text(row, "model")}].push_back(&row);
    by_class[{text(row, "class"), text(row, "mode"), text(row, "model")}].push_back(&row);
    errors += text(row, "status") == "error" ? 1 : 0;
  }
  std::string result = header("mode / model");
  for (const auto& [name, group] : by_arm) {
    result += line(name.first + " / " + name.second, tally(group));
  }
  std::string last;
  for (const auto& [name, group] : by_class) {
    const auto& [label, mode, model] = name;
    if (label.empty()) continue;
    if (label != last) result += "\n" + header(label);
    last = label;
    result += line("  " + mode + " / " + model, tally(group));
  }
  result += choices(rows);
  if (errors > 0) {
    result += fmt::format(
        "\n{} of {} rows are infrastructure errors: failures under \"of all\", left out of the "
        "other means, run again by the same command.\n",
        errors, rows.size());
  }
  return result;
}

}  // namespace pareto
