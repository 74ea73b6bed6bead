#include "agent/models/chat_usage.h"

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "agent/models/json_cursor.h"

namespace pareto {
namespace {

// No call has more; keeps sums and products of a lying provider in range.
constexpr std::int64_t kMostTokens = 1'000'000'000;

struct Counts {
  std::int64_t prompt = 0;
  std::int64_t completion = 0;
  std::int64_t total = 0;
  std::int64_t cached = 0;
  std::int64_t cache_write = 0;
  std::int64_t reasoning = 0;
  bool any = false;
};

bool read_count(JsonCursor& json, std::int64_t& out, bool& any) {
  if (json.peek() != JsonCursor::Kind::number) return json.skip();
  if (!json.read_integer(out)) return false;
  out = std::clamp<std::int64_t>(out, 0, kMostTokens);
  any = true;
  return true;
}

bool read_details(JsonCursor& json, Counts& counts) {
  if (!json.enter_object()) return json.skip();
  std::string_view key;
  while (json.next_key(key)) {
    if (key == "cached_tokens") {
      read_count(json, counts.cached, counts.any);
    } else if (key == "cache_write_tokens" || key == "cache_creation_tokens") {
      read_count(json, counts.cache_write, counts.any);
    } else if (key == "reasoning_tokens") {
      read_count(json, counts.reasoning, counts.any);
    } else {
      json.skip();
    }
  }
  return json.ok();
}

Usage to_usage(Counts counts) {
  // xAI counts reasoning beside the completion; the total tells.
  const bool beside = counts.reasoning > 0 &&
                      (counts.reasoning > counts.completion ||
                       counts.total == counts.prompt + counts.completion + counts.reasoning);
  if (beside) counts.completion += counts.reasoning;
  Usage usage;
  usage.prompt_tokens = counts.prompt;
  usage.cached_prompt_tokens = std::min(counts.cached, counts.prompt);
  usage.cache_write_tokens =
      std::min(counts.cache_write, counts.prompt - usage.cached_prompt_tokens);
  usage.completion_tokens = counts.completion;
  usage.reasoning_tokens = std::min(counts.reasoning, counts.completion);
  return usage;
}

}  // namespace

bool read_usage_json(JsonCursor& json, std::optional<Usage>& out) {
  if (!json.enter_object()) return json.skip();
  Counts counts;
  std::string_view key;
  while (json.next_key(key)) {
    if (key == "prompt_tokens") {
      read_count(json, counts.prompt, counts.any);
    } else if (key == "completion_tokens") {
      read_count(json, counts.completion, counts.any);
    } else if (key == "total_tokens") {
      read_count(json, counts.total, counts.any);
    } else if (key == "prompt_cache_hit_tokens") {
      read_count(json, counts.cached, counts.any);
    } else if (key == "prompt_tokens_details" || key == "completion_tokens_details") {
      read_details(json, counts);
    } else {
      json.skip();
    }
  }
  if (!json.ok()) return false;
  // The last usage counts, as some servers send a running total; an empty one tells nothing.
  const Usage usage = to_usage(counts);
  if (counts.any && (usage != Usage{} || !out)) out = usage;
  return true;
}

bool read_timings_json(JsonCursor& json, std::optional<Usage>& out) {
  if (!json.enter_object()) return json.skip();
  Counts counts;
  std::int64_t fresh = 0;
  std::string_view key;
  while (json.next_key(key)) {
    if (key == "prompt_n") {
      read_count(json, fresh, counts.any);
    } else if (key == "cache_n") {
      read_count(json, counts.cached, counts.any);
    } else if (key == "predicted_n") {
      read_count(json, counts.completion, counts.any);
    } else {
      json.skip();
    }
  }
  if (!json.ok()) return false;
  counts.prompt = fresh + counts.cached;
  if (counts.any) out = to_usage(counts);
  return true;
}

}  // namespace pareto
