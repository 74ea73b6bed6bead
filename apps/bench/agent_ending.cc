#include "apps/bench/agent_ending.h"

#include <fmt/format.h>

#include <string_view>

#include "agent/models/utf8.h"
#include "tools/sandbox/output.h"

namespace pareto {
namespace {

constexpr int kMostLines = 40;
constexpr std::size_t kMostBytes = 4'096;
constexpr std::size_t kQuoted = 600;  // of what it printed, in an error

// A shell's words for a command that is not there or can't be run.
bool not_started(int exit_code) { return exit_code == 126 || exit_code == 127; }

std::string quoted_end(const std::string& output) {
  const std::string end = last_lines(output);
  return end.size() > kQuoted ? valid_utf8(end.substr(end.size() - kQuoted)) : end;
}

Outcome ended(Status status, Reason reason, std::string error = "") {
  return {.status = status, .reason = reason, .error = std::move(error)};
}

}  // namespace

Outcome judge(const AgentEnding& ending) {
  const bool stopped = !ending.exit && ending.exit.error().code == ErrorCode::cancelled;
  if (!ending.exit && !stopped) {
    return ended(Status::error, Reason::sandbox, ending.exit.error().message);
  }
  if (ending.trouble) return ended(Status::error, Reason::model, ending.trouble->message);
  if (ending.refusal) {
    const bool nothing_spent = ending.model_calls == 0 && ending.refusal->reason == Reason::usd;
    return ended(Status::limit, nothing_spent ? Reason::refused_budget : ending.refusal->reason,
                 ending.refusal->text);
  }
  if (stopped) return ended(Status::error, Reason::sandbox, ending.exit.error().message);
  const SandboxExit& exit = *ending.exit;
  if (exit.timed_out) return ended(Status::limit, Reason::seconds);
  if (exit.limit) {
    return ended(
        Status::failure, Reason::unverified,
        fmt::format("the agent was killed: it used too much ({})", to_string(*exit.limit)));
  }
  if (exit.exit_code == 0) return ended(Status::success, Reason::unverified);
  const std::string error =
      fmt::format("the agent ended with exit code {}: {}", exit.exit_code, quoted_end(exit.output));
  if (not_started(exit.exit_code) && ending.model_calls == 0) {
    return ended(Status::error, Reason::sandbox, error);
  }
  return ended(Status::failure, Reason::unverified, error);
}

Outcome judge(Outcome outcome, const Verdict& verdict) {
  if (!verdict.error.empty()) {
    outcome.status = Status::error;
    outcome.reason = Reason::sandbox;
    outcome.error = verdict.error;
    return outcome;
  }
  const bool limit = outcome.status == Status::limit;
  if (verdict.passed) {
    outcome.status = Status::success;
    if (!limit) outcome.reason = Reason::verified;
  } else if (!limit) {
    outcome.status = Status::failure;
    outcome.reason = Reason::verify_failed;
  }
  return outcome;
}

std::string last_lines(const std::string& printed) {
  std::string text;
  sandbox::OutputFilter filter;
  filter.feed(printed, text);
  filter.finish(text);
  const std::size_t end = text.find_last_not_of(" \t\r\n");
  if (end == std::string::npos) return "";
  text.resize(end + 1);
  std::size_t begin = text.size();
  for (int lines = 0; lines < kMostLines && begin > 0; ++lines) {
    const std::size_t line = text.rfind('\n', begin - 1);
    const std::size_t from = line == std::string::npos ? 0 : line + 1;
    if (text.size() - from > kMostBytes) break;
    begin = line == std::string::npos ? 0 : line;
  }
  // One line longer than that: its end.
  if (begin == text.size()) begin = text.size() - kMostBytes;
  text.erase(0, begin);
  const std::size_t first = text.find_first_not_of('\n');
  return valid_utf8(text.substr(first == std::string::npos ? 0 : first));
}

}  // namespace pareto
