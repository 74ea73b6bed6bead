#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "agent/io/journal.h"

namespace pareto {

Result<void> check_continues(const RunId& run, std::int64_t last,
                             const std::vector<Event>& events) {
  std::int64_t expected = last + 1;
  for (const Event& event : events) {
    if (event.seq != expected) {
      return fail(
          ErrorCode::invalid,
          fmt::format("run {}: expected event {} next, got {}: another owner may be writing "
                      "to this run; load it again before going on",
                      run.value, expected, event.seq));
    }
    ++expected;
  }
  return {};
}

MemoryJournal::MemoryJournal(Loop& loop)
    : MemoryJournal([&loop](std::move_only_function<void()> call) { loop.post(std::move(call)); }) {
}

void MemoryJournal::append(const RunId& run, std::vector<Event> events, Handler<void> done) {
  auto found = runs_.find(run);
  const auto last = found == runs_.end() ? 0 : static_cast<std::int64_t>(found->second.size());
  Result<void> checked = check_continues(run, last, events);
  if (checked && !events.empty()) {
    std::vector<Event>& stored = found == runs_.end() ? runs_[run] : found->second;
    std::ranges::move(events, std::back_inserter(stored));
  }
  post_([done = std::move(done), outcome = std::move(checked)]() mutable {
    if (done) done(std::move(outcome));
  });
}

Result<std::vector<Event>> MemoryJournal::load(const RunId& run) {
  const auto found = runs_.find(run);
  if (found == runs_.end()) {
    return fail(ErrorCode::not_found, fmt::format("there is no run {}", run.value));
  }
  return found->second;
}

}  // namespace pareto
