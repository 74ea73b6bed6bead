#include "apps/report/trajectory.h"

#include <fmt/format.h>

#include "agent/core/run.h"
#include "apps/report/markup.h"
#include "policies/routing/explain.h"
#include "tools/output.h"

namespace pareto::reporting {
namespace {

constexpr std::size_t kHead = 2'000;
constexpr std::size_t kTail = 1'500;

std::string block(std::string_view text) {
  if (text.empty()) return "";
  return fmt::format("<pre>{}</pre>", escape(clip_output(text, kHead, kTail)));
}

std::string fold(std::string_view summary, const std::string& content) {
  return fmt::format("<details><summary>{}</summary>{}</details>", escape(summary), content);
}

double seconds(Milliseconds span) { return static_cast<double>(span.count()) / 1000; }

std::string spend_table(const Receipt& receipt) {
  std::string rows;
  for (std::size_t i = 0; i < kSpenders; ++i) {
    const Usage& usage = receipt.usage[i];
    if (receipt.cost[i] == Money() && usage == Usage{}) continue;
    rows += fmt::format(
        "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
        to_string(static_cast<Spender>(i)), usage.prompt_tokens, usage.cached_prompt_tokens,
        usage.completion_tokens, receipt.cost[i].to_string());
  }
  if (rows.empty()) return "<p>Nothing was spent.</p>";
  return "<div class=\"scroll\"><table><thead><tr><th scope=\"col\">spent as</th><th "
         "scope=\"col\">prompt tokens</th><th scope=\"col\">of them cached</th><th "
         "scope=\"col\">output tokens</th><th scope=\"col\">USD (list "
         "price)</th></tr></thead><tbody>" +
         rows + "</tbody></table></div>";
}

// Turns are folded, so that what happens between a call and the next one is collected first.
class Teller {
 public:
  explicit Teller(std::size_t most_bytes) : most_bytes_(most_bytes) {}

  void take(const Event& event) {
    std::visit([this](const auto& payload) { tell(payload); }, event.payload);
  }
  bool full() const { return html_.size() + turn_.size() > most_bytes_; }
  void note(std::string_view text) {
    close_turn();
    html_ += fmt::format("<p>{}</p>", escape(text));
  }
  std::string html() && {
    close_turn();
    return std::move(html_);
  }

 private:
  // Into the turn, or the run where none is open.
  void add(const std::string& text) { (summary_.empty() ? html_ : turn_) += text; }
  void line(std::string_view text) { add(fmt::format("<p>{}</p>", escape(text))); }
  void named(std::string_view name, std::string_view text) {
    if (text.empty()) return;
    add(fmt::format("<p class=\"who\">{}</p>{}", escape(name), block(text)));
  }
  void close_turn() {
    if (!summary_.empty()) html_ += fold(summary_, turn_);
    summary_.clear();
    turn_.clear();
  }

  void tell(const Started& p) {
    html_ += fold(
        "The task",
        block(p.task.prompt) +
            (p.task.verify ? "<p>Checked by:</p>" + block(p.task.verify->command) : std::string()));
  }
  void tell(const Recalled& p) {
    line(
        fmt::format("What bears on it: {} files ({} bytes), {} of {} passages, {} similar runs. {}",
                    p.recall.briefing.files.size(), p.recall.briefing.total_bytes,
                    p.recall.briefing.passages.size(), p.recall.briefing.corpus_passages,
                    p.recall.neighbours.size(), p.recall.note));
  }
  void tell(const Routed& p) {
    // A table of text, whose lines must not wrap.
    html_ += fold("The route, and why",
                  fmt::format("<pre class=\"lines\">{}</pre>",
                              escape(clip_output(explain(p.route), kHead, kTail))));
  }
  void tell(const Planned&) {}

  void tell(const CallBegun& p) {
    close_turn();
    summary_ = fmt::format("{} {}{}", p.role == Spender::agent ? "Turn" : to_string(p.role),
                           ++turns_, p.wrap_up ? " (wrapping up)" : "");
    for (const Message& message : p.appended) named(to_string(message.role), message.text);
    named("reminder", p.tail);
  }
  void tell(const CallEnded& p) {
    const Usage usage = p.usage.value_or(Usage{});
    summary_ +=
        fmt::format(": {} prompt tokens ({} cached), {} output tokens, {} USD{}, {:.1f} s",
                    usage.prompt_tokens, usage.cached_prompt_tokens, usage.completion_tokens,
                    p.settled.to_string(), p.estimated ? " (estimated)" : "", seconds(p.took));
    if (p.message) {
      named("thinks", p.message->reasoning);
      named("says", p.message->text);
      for (const ToolCall& call : p.message->tool_calls) {
        summary_ += fmt::format(", calls {}", utf8_prefix(call.name, 40));
        named("calls " + call.name, call.arguments.empty() ? "(nothing)" : call.arguments);
      }
    }
    if (p.error) line("The call failed: " + p.error->message);
  }
  void tell(const StepBegun& p) {
    if (!p.from_planner) return;
    for (const ToolCall& call : p.calls) named("the planner calls " + call.name, call.arguments);
  }
  void tell(const StepEnded& p) {
    named(fmt::format("result ({}, {:.1f} s)", to_string(p.result.status), seconds(p.took)),
          p.result.text.empty() ? "(nothing)" : p.result.text);
  }
  void tell(const LimitReached& p) {
    line(fmt::format("Limit reached: {} ({})", to_string(p.reason), p.detail));
  }
  void tell(const Nudged& p) { named("nudge", p.text); }
  void tell(const Compacted& p) {
    named(fmt::format("messages {} to {} became one", p.first, p.last - 1), p.summary.text);
  }
  void tell(const ApprovalAsked& p) { named("asks", p.question); }
  void tell(const ApprovalGiven& p) {
    line(fmt::format("{} by {}", p.approved ? "Approved" : "Refused", p.by));
  }
  void tell(const VerifyBegun&) { close_turn(); }
  void tell(const Verified& p) {
    close_turn();
    const std::string verdict = !p.verdict.error.empty() ? p.verdict.error
                                : p.verdict.passed       ? "passed"
                                                         : "failed";
    html_ += fold(fmt::format("Check: {} ({:.1f} s)", verdict, seconds(p.verdict.took)),
                  block(p.verdict.output.empty() ? "(no output)" : p.verdict.output));
  }
  void tell(const Resumed& p) { line("Taken over by " + p.owner); }
  void tell(const CancelRequested& p) { line("Asked to stop by " + p.by); }
  void tell(const Finished& p) {
    close_turn();
    named("Error", p.outcome.error);
    named("Answer", p.outcome.answer);
    if (!p.outcome.diff.empty()) html_ += fold("Changes", block(p.outcome.diff));
    html_ += spend_table(p.outcome.receipt);
  }

  std::size_t most_bytes_;
  std::string html_;
  std::string summary_;  // of the turn that is open; empty: none is
  std::string turn_;
  int turns_ = 0;
};

}  // namespace

std::string trajectory_html(std::span<const Event> events, std::size_t most_bytes) {
  Teller teller(most_bytes);
  for (std::size_t i = 0; i < events.size(); ++i) {
    const bool last = std::holds_alternative<Finished>(events[i].payload);
    // How it ended is always said.
    if (teller.full() && !last) continue;
    teller.take(events[i]);
  }
  if (teller.full()) {
    teller.note(
        "Some of this run is left out here, as the page would become too large; `pareto runs "
        "show` tells all of it.");
  }
  return std::move(teller).html();
}

}  // namespace pareto::reporting
