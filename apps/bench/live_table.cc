#include "apps/bench/live_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "agent/core/json_fields.h"
#include "apps/bench/rows.h"

namespace pareto {
namespace {

std::string line(const std::string& name, const ArmProgress& arm) {
  return fmt::format(
      "{:<24} {:>11} {:>8} {:>13} {:>12}{}", name, fmt::format("{}/{}", arm.done, arm.all),
      arm.done == 0 ? "-"
                    : fmt::format("{:.0f} %", 100 * arm.successes / static_cast<double>(arm.done)),
      arm.cost.to_string(), arm.tokens,
      arm.errors == 0 ? "" : fmt::format("  {} errors", arm.errors));
}

ArmProgress sum_of(const BenchProgress& progress) {
  ArmProgress sum;
  for (const ArmProgress& arm : progress.arms) {
    sum.all += arm.all;
    sum.done += arm.done;
    sum.errors += arm.errors;
    sum.successes += arm.successes;
    sum.cost += arm.cost;
    sum.tokens += arm.tokens;
  }
  return sum;
}

// Without half a character at the end.
std::string cut(std::string text, std::size_t columns) {
  if (text.size() <= columns) return text;
  while (columns > 0 && (static_cast<unsigned char>(text[columns]) & 0xc0U) == 0x80U) --columns;
  text.resize(columns);
  return text;
}

}  // namespace

std::string span_text(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::llround(std::clamp(seconds, 0.0, 3.6e9)));
  if (whole < 90) return fmt::format("{} s", whole);
  const std::int64_t minutes = (whole + 30) / 60;
  if (minutes < 90) return fmt::format("{} min", minutes);
  return fmt::format("{} h {} min", minutes / 60, minutes % 60);
}

std::string row_line(const BenchProgress& progress) {
  JsonFields row(*progress.row, "row");
  const std::string text = fmt::format(
      "{:>4}/{} {:<20} {:<10} {:<10} {:<8} score {:<5.3g} {:>3} turns {:>7.1f} s {} USD",
      progress.done, progress.all, row.text_or("task", ""), row.text_or("mode", ""),
      row.text_or("mode_used", "-"), row.text_or("status", ""), success_of(*progress.row),
      row.integer_or("turns", 0), row.number_or("seconds", 0), row.text_or("cost_usd", ""));
  // Paths that an agent chose may hold anything.
  std::string note = row.text_or("score_note", "");
  std::ranges::replace_if(note, [](char c) { return c == '\n' || c == '\t'; }, ' ');
  return note.empty() ? text : text + "  " + note;
}

std::string live_table(const BenchProgress& progress, double seconds_left, std::size_t columns,
                       std::size_t lines) {
  std::vector<std::string> table;
  if (progress.arms.size() > 1 && progress.arms.size() + 2 <= lines) {
    table.push_back(fmt::format("{:<24} {:>11} {:>8} {:>13} {:>12}", "mode / model", "done",
                                "success", "USD", "tokens"));
    for (const ArmProgress& arm : progress.arms) {
      table.push_back(line(arm.mode + " / " + arm.model, arm));
    }
  }
  table.push_back(line("all", sum_of(progress)) +
                  fmt::format("  {} running, {} left", progress.running,
                              seconds_left < 0 ? "?" : span_text(seconds_left)));
  std::string text;
  for (const std::string& one : table) text += cut(one, columns) + "\n";
  return text;
}

}  // namespace pareto
