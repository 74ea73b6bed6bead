#include "apps/cli/story.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "apps/cli/live_line.h"
#include "apps/cli/terminal_text.h"
#include "policies/routing/explain.h"
#include "tools/output.h"

namespace pareto {
namespace {

constexpr std::size_t kShown = 600;

std::string date(Instant at) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(at);
  return fmt::format("{:%Y-%m-%d %H:%M:%S}", fmt::localtime(seconds));
}

// Tells one event after the other; the run so far is beside it for what an event does not say.
struct Teller {
  StoryLength length;
  Run run{};
  std::string story{};

  void line(const std::string& text) { story += text + "\n"; }

  // Indented, and shortened to a few lines unless the whole is wanted. Control characters of
  // untrusted text don't reach the terminal.
  void quote(std::string text, std::string_view mark = "    ") {
    bool cut = false;
    if (length == StoryLength::shortened && text.size() > kShown) {
      text = std::string(utf8_prefix(text, kShown));
      cut = true;
    }
    std::string shown(mark);
    for (const char c : terminal_text(text)) {
      shown += c;
      if (c == '\n') shown += mark;
    }
    line(shown + (cut ? " ... (--whole shows all)" : ""));
  }

  void tell(const Started& p) {
    line(fmt::format("Run {} of {}, started {} by pareto {}", p.run.value, p.task.id,
                     date(run->last_at), p.origin));
    line("\nThe task");
    quote(p.task.prompt);
    if (p.task.verify) line(fmt::format("  checked by: {}", p.task.verify->command));
    std::string limits;
    if (p.limits.usd) limits += fmt::format(" {} USD", p.limits.usd->to_string());
    if (p.limits.turns) limits += fmt::format(" {} turns", *p.limits.turns);
    if (p.limits.seconds) limits += fmt::format(" {} s", p.limits.seconds->count() / 1000);
    line("  limits:" + limits);
  }

  void tell(const Recalled& p) {
    line(fmt::format("\nWhat bears on it: {} files ({} bytes), {} of {} passages, {} similar runs",
                     p.recall.briefing.files.size(), p.recall.briefing.total_bytes,
                     p.recall.briefing.passages.size(), p.recall.briefing.corpus_passages,
                     p.recall.neighbours.size()));
    if (!p.recall.note.empty()) line("  " + p.recall.note);
  }

  void tell(const Routed& p) {
    line("\nThe route");
    quote(explain(p.route), "  ");
  }

  void tell(const Planned&) {}

  void tell(const CallBegun& p) {
    for (const Message& message : p.appended) {
      line(fmt::format("\n{} says", to_string(message.role)));
      quote(message.text);
    }
    line(fmt::format("\nTurn {}{}{}", run->receipt.turns + 1, p.wrap_up ? " (wrapping up)" : "",
                     p.role == Spender::agent ? "" : fmt::format(" ({})", to_string(p.role))));
    if (!p.tail.empty()) quote(p.tail, "  reminder: ");
  }

  void tell(const CallEnded& p) {
    if (p.message) {
      if (!p.message->reasoning.empty()) quote(p.message->reasoning, "  thinks: ");
      if (!p.message->text.empty()) quote(p.message->text, "  ");
      for (const ToolCall& call : p.message->tool_calls) {
        quote(call.name + " " + call.arguments, "  calls ");
      }
    }
    if (p.error) line("  failed: " + p.error->message);
    const Usage usage = p.usage.value_or(Usage{});
    line(fmt::format("  {} prompt tokens ({} cached), {} completion tokens, {} USD{}, {:.1f} s{}",
                     usage.prompt_tokens, usage.cached_prompt_tokens, usage.completion_tokens,
                     p.settled.to_string(), p.estimated ? " (estimated)" : "",
                     static_cast<double>(p.took.count()) / 1000,
                     p.attempts > 1 ? fmt::format(", {} attempts", p.attempts) : ""));
  }

  void tell(const StepBegun& p) {
    if (!p.from_planner) return;
    for (const ToolCall& call : p.calls) line(fmt::format("  the planner calls {}", call.name));
  }

  void tell(const StepEnded& p) {
    line(fmt::format("  result ({}, {:.1f} s)", to_string(p.result.status),
                     static_cast<double>(p.took.count()) / 1000));
    quote(p.result.text, "    | ");
  }

  void tell(const LimitReached& p) {
    line(fmt::format("\nLimit reached: {} ({})", to_string(p.reason), p.detail));
  }
  void tell(const Nudged& p) { quote(p.text, "  nudge: "); }
  void tell(const Compacted& p) {
    line(fmt::format("\nHistory compacted: messages {} to {} became one", p.first, p.last - 1));
  }
  void tell(const ApprovalAsked& p) { quote(p.question, "  asks: "); }
  void tell(const ApprovalGiven& p) {
    line(fmt::format("  {} by {}", p.approved ? "approved" : "refused", p.by));
  }
  void tell(const VerifyBegun&) {}
  void tell(const Verified& p) {
    line(fmt::format("\nVerification: {}", !p.verdict.error.empty() ? p.verdict.error
                                           : p.verdict.passed       ? "passed"
                                                                    : "failed"));
    if (!p.verdict.passed) quote(p.verdict.output, "    | ");
  }
  void tell(const Resumed& p) { line(fmt::format("\nTaken over by {}", p.owner)); }
  void tell(const CancelRequested& p) { line(fmt::format("\nAsked to stop by {}", p.by)); }

  void tell(const Finished& p) {
    line("\n" + summary_line(run, p.outcome));
    if (!p.outcome.error.empty()) line(p.outcome.error);
    if (!p.outcome.answer.empty()) {
      line("Answer");
      quote(p.outcome.answer);
    }
    if (!p.outcome.diff.empty()) {
      line("Changes");
      quote(p.outcome.diff);
    }
    spend_by_role(p.outcome.receipt);
  }

  void spend_by_role(const Receipt& receipt) {
    for (std::size_t i = 0; i < kSpenders; ++i) {
      if (receipt.cost[i] == Money() && receipt.usage[i] == Usage{}) continue;
      line(fmt::format("Spent as {}: {} USD", to_string(static_cast<Spender>(i)),
                       receipt.cost[i].to_string()));
    }
  }
};

}  // namespace

std::string tell_story(std::span<const Event> events, StoryLength length) {
  Teller teller{.length = length};
  for (const Event& event : events) {
    if (auto applied = teller.run.apply(event); !applied) {
      teller.line("The journal is damaged here: " + applied.error().message);
      break;
    }
    std::visit([&teller](const auto& payload) { teller.tell(payload); }, event.payload);
  }
  if (!teller.run->outcome && !events.empty()) {
    teller.line(
        fmt::format("\nNot finished. Go on with: pareto runs resume {}", teller.run.id().value));
  }
  return teller.story;
}

std::string tell_concern_times(std::span<const Event> events) {
  const auto* end = events.empty() ? nullptr : std::get_if<Finished>(&events.back().payload);
  if (end == nullptr || end->concerns.empty()) return "";
  std::string text = "\nConcerns, as timed by the last owner\n";
  for (const ConcernTime& time : end->concerns) {
    const auto reviews = static_cast<double>(std::max<std::int64_t>(time.reviews, 1));
    text += fmt::format("  {:<13} {:>6} reviews {:>10.3f} ms {:>8.3f} us each\n", time.name,
                        time.reviews, static_cast<double>(time.nanoseconds) / 1e6,
                        static_cast<double>(time.nanoseconds) / 1e3 / reviews);
  }
  return text;
}

}  // namespace pareto
