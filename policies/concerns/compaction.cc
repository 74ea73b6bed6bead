#include "policies/concerns/compaction.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "agent/core/json_text.h"

// When it pays. A compaction drops s tokens that each of the r expected further turns would read at
// the price p that prompt tokens cost this run on average (the share c of them from the provider's
// cache). It breaks the prefix: the k tokens kept behind the break are read once more at the full
// price instead of the cached one, as far as the cache serves this run at all. So it pays when
//
//   s * r * p  >  2 * k * c * (input - cached_input),   p = c * cached_input + (1 - c) * input
//
// with r = half of the turns so far, at most the turns left. The factor 2 is for what the model may
// have to look up again. With a local model, whose cached tokens are free, it never pays as long as
// the cache works, and only a full context compacts.

namespace pareto {
namespace {

constexpr std::size_t kKeptSteps = 3;
constexpr std::size_t kKeptStepsWhenFull = 1;
constexpr std::int64_t kLeastSavedTokens = 2'000;
constexpr std::size_t kListedCalls = 60;
constexpr std::size_t kShownBytes = 120;
constexpr std::string_view kTitle = "Earlier steps of this work, no longer shown in full:";
// Text has three to four bytes a token; dense text two. The one decides whether a prompt might not
// fit, the other whether it surely does not.
constexpr std::int64_t kDenseBytes = 2;
constexpr std::int64_t kUsualBytes = 4;

bool is_summary(const Message& message) {
  return message.role == Role::user && message.text.starts_with(kTitle);
}

struct Range {
  std::size_t first = 0;
  std::size_t last = 0;  // not included
};

// The steps between the first messages and the last `kept` steps, with an earlier summary.
std::optional<Range> droppable(const Run& run, std::size_t kept) {
  const auto messages = run->history.messages();
  Range range;
  while (range.first < messages.size() && messages[range.first]->role != Role::assistant &&
         !is_summary(*messages[range.first])) {
    ++range.first;
  }
  range.last = messages.size();
  for (std::size_t steps = 0; steps < kept; ++steps) {
    while (range.last > range.first && messages[range.last - 1]->role != Role::assistant) {
      --range.last;
    }
    if (range.last == range.first) return std::nullopt;
    --range.last;
  }
  // An earlier summary alone is not worth another.
  const std::size_t least =
      range.first + (range.first < range.last && is_summary(*messages[range.first]) ? 1 : 0);
  if (range.last <= least) return std::nullopt;
  return range;
}

std::int64_t bytes_of(const Run& run, std::size_t first, std::size_t last) {
  std::int64_t bytes = 0;
  for (std::size_t at = first; at < last; ++at) bytes += size_of(*run->history.messages()[at]);
  return bytes;
}

std::string clipped_line(std::string_view text) {
  std::size_t end = std::min(text.size(), kShownBytes);
  // Not within a UTF-8 character.
  while (end > 0 && end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
    --end;
  }
  std::string line(text.substr(0, end));
  std::ranges::replace_if(line, [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  return text.size() > kShownBytes ? line + "..." : line;
}

// "- view {"path":"a.py"}: "the first line of its result"".
void list_call(std::vector<std::string>& lines, const ToolCall& call, const Message* result) {
  std::string line = "- " + call.name + " " + clipped_line(call.arguments);
  if (result != nullptr) {
    const std::string_view text = result->text;
    line += ": " + dump_json(clipped_line(text.substr(0, text.find('\n'))));
  }
  lines.push_back(std::move(line));
}

std::vector<std::string> call_lines(const Run& run, Range range) {
  const auto messages = run->history.messages();
  std::vector<std::string> lines;
  for (std::size_t at = range.first; at < range.last; ++at) {
    const Message& message = *messages[at];
    if (is_summary(message)) {
      for (std::string_view rest = message.text; !rest.empty();) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        if (line.starts_with("- ")) lines.emplace_back(line);
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
      }
    }
    for (const ToolCall& call : message.tool_calls) {
      const Message* result = nullptr;
      for (std::size_t next = at + 1; next < range.last && messages[next]->role == Role::tool;
           ++next) {
        if (messages[next]->tool_call_id == call.id) result = messages[next].get();
      }
      list_call(lines, call, result);
    }
  }
  if (lines.size() > kListedCalls) {
    lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(kListedCalls));
  }
  return lines;
}

std::string summary_of(const Run& run, Range range) {
  std::vector<std::string> read;
  std::vector<std::string> edited;
  for (const auto& [path, use] : run->files) {
    if (use.edited) {
      edited.push_back(path);
    } else {
      read.push_back(path);
    }
  }
  std::string text(kTitle);
  text += fmt::format("\n{}\n", fmt::join(call_lines(run, range), "\n"));
  if (!edited.empty()) text += fmt::format("Files edited: {}\n", fmt::join(edited, ", "));
  if (!read.empty()) text += fmt::format("Files read: {}\n", fmt::join(read, ", "));
  text += "Look again at what you need.";
  return text;
}

Decide compact(const Run& run, Range range) {
  return Decide{Compacted{static_cast<std::int64_t>(range.first),
                          static_cast<std::int64_t>(range.last),
                          {.role = Role::user, .text = summary_of(run, range)}}};
}

// The next prompt, at so many bytes a token for what the provider has not counted.
std::int64_t next_prompt(const Run& run, const CallModel& call, std::int64_t bytes_a_token) {
  std::int64_t bytes = run->bytes_since_prompt + static_cast<std::int64_t>(call.tail.size());
  for (const Message& message : call.append) bytes += size_of(message);
  if (run->prompt_tokens == 0 && run->recall) bytes += run->recall->tool_spec_bytes;
  return run->prompt_tokens + bytes / bytes_a_token;
}

int expected_turns(const Run& run) {
  const int so_far = run->receipt.turns;
  const int expected = so_far / 2;
  return run->limits.turns ? std::min(expected, *run->limits.turns - so_far) : expected;
}

bool pays(const Run& run, Range range) {
  if (!run->model.price || run->prompt_tokens == 0) return false;
  const Price& price = *run->model.price;
  // Sums over the ends of the history, so that a turn looks at a constant number of messages.
  const std::int64_t behind = bytes_of(run, range.last, run->history.size());
  const std::int64_t dropped = run->history.bytes() - bytes_of(run, 0, range.first) - behind;
  // A summary takes a line a message, at most so many lines.
  const std::int64_t summary =
      static_cast<std::int64_t>(std::min(range.last - range.first, kListedCalls) * kShownBytes);
  const std::int64_t saved = (dropped - summary) / kUsualBytes;
  const std::int64_t kept = (behind + summary) / kUsualBytes;
  if (saved < kLeastSavedTokens) return false;
  const double cached = run->receipt.cached_share();
  const auto share = [cached](std::int64_t tokens) {
    return static_cast<std::int64_t>(static_cast<double>(tokens) * cached);
  };
  const std::int64_t read = saved * std::max(expected_turns(run), 0);
  const Money gain = cost_of({.prompt_tokens = read, .cached_prompt_tokens = share(read)}, price);
  const Money loss =
      cost_of({.prompt_tokens = 2 * share(kept)}, price) -
      cost_of({.prompt_tokens = 2 * share(kept), .cached_prompt_tokens = 2 * share(kept)}, price);
  return gain > loss;
}

}  // namespace

Action review_compaction(const Run& run, Action draft, Instant) {
  const auto* call = std::get_if<CallModel>(&draft);
  if (call == nullptr || call->role != Spender::agent) return draft;
  const std::int64_t output =
      call->max_output_tokens > 0 ? call->max_output_tokens : run->model.max_output_tokens;
  const std::int64_t room = run->model.context - output;
  const bool full = next_prompt(run, *call, kDenseBytes) > room;
  if (const auto range = droppable(run, kKeptSteps)) {
    if (full || (!call->wrap_up && pays(run, *range))) return compact(run, *range);
  }
  if (!full) return draft;
  if (const auto range = droppable(run, kKeptStepsWhenFull)) return compact(run, *range);
  const bool surely = next_prompt(run, *call, kUsualBytes) > room;
  if (!surely || run->limit) return draft;
  return Decide{LimitReached{
      Reason::context, "compaction",
      fmt::format("the next prompt does not fit into {} tokens, and nothing of it can be left out",
                  room)}};
}

}  // namespace pareto
