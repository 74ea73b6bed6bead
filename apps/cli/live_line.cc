#include "apps/cli/live_line.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "apps/cli/terminal_text.h"

namespace pareto {
namespace {

std::size_t columns() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

std::string doing(const Event& event) {
  if (std::holds_alternative<CallBegun>(event.payload)) return "thinks";
  if (const auto* step = std::get_if<StepBegun>(&event.payload)) {
    return step->calls.empty() ? "" : step->calls.front().name;
  }
  if (std::holds_alternative<VerifyBegun>(event.payload)) return "verifies";
  if (const auto* limit = std::get_if<LimitReached>(&event.payload)) {
    return fmt::format("limit reached: {}", to_string(limit->reason));
  }
  return "";
}

}  // namespace

void LiveLine::on_event(const Run& run, const Event& event) {
  if (!shown_) return;
  if (const std::string now = doing(event); !now.empty()) doing_ = now;
  streamed_ = 0;
  const Usage usage = run->receipt.total_usage();
  head_ = run->route ? fmt::format("{} · {}", to_string(run->route->mode), run->route->model)
                     : std::string("reads the task");
  head_ += fmt::format(" · turn {}", run->receipt.turns);
  if (run->limits.turns) head_ += fmt::format("/{}", *run->limits.turns);
  head_ += fmt::format(" · {} tokens", usage.prompt_tokens + usage.completion_tokens);
  if (run->limits.usd) {
    head_ += fmt::format(" · ${:.4f} left",
                         static_cast<double>(run->ledger.available().to_nanos()) / 1e9);
  }
  draw();
}

void LiveLine::on_delta(const Delta& delta) {
  streamed_ += static_cast<std::int64_t>(delta.text.size());
}

void LiveLine::tick() {
  if (drawn_) draw();
}

void LiveLine::draw() {
  std::string line = head_ + " · " + doing_;
  if (streamed_ > 0) line += fmt::format(" ({} bytes)", streamed_);
  // The middle dots take two bytes each; a cut in the middle of one is harmless on a terminal.
  line = terminal_text(line);
  std::ranges::replace_if(line, [](char c) { return c == '\n' || c == '\t'; }, ' ');
  line.resize(std::min(line.size(), columns() - 1));
  fmt::print(stderr, "\r\033[K{}", line);
  std::fflush(stderr);
  drawn_ = true;
}

void LiveLine::clear() {
  if (!drawn_) return;
  fmt::print(stderr, "\r\033[K");
  std::fflush(stderr);
  drawn_ = false;
}

std::string summary_line(const Run& run, const Outcome& outcome) {
  const Receipt& receipt = outcome.receipt;
  const Usage usage = receipt.total_usage();
  std::string how = run->route
                        ? fmt::format("{} with {}", to_string(run->route->mode), run->route->model)
                        : std::string("not routed");
  return fmt::format(
      "{} ({}): {}, {} turns, {} tool calls, {} prompt tokens ({:.0f} % cached), {} completion "
      "tokens, {} USD{}{}, {:.1f} s",
      to_string(outcome.status), to_string(outcome.reason), how, receipt.turns, receipt.tool_calls,
      usage.prompt_tokens, 100 * receipt.cached_share(), usage.completion_tokens,
      receipt.total_cost().to_string(), receipt.cost_known ? "" : " (a price is unknown)",
      receipt.cost_estimated ? " (partly estimated)" : "",
      static_cast<double>(receipt.seconds.count()) / 1000);
}

}  // namespace pareto
