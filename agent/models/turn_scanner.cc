#include "agent/models/turn_scanner.h"

#include <charconv>

#include "agent/models/utf8.h"

namespace pareto {
namespace {

constexpr std::string_view kOpenFence = "```tool";
constexpr std::string_view kCloseFence = "```";

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

}  // namespace

void SchemaTurnScanner::feed(std::string_view bytes, const DeltaHandler& on_delta) {
  for (const char c : bytes) step(c);
  if (const std::size_t whole = complete_utf8(thought_); whole > 0) {
    const std::string text = valid_utf8(std::string_view(thought_).substr(0, whole));
    thought_.erase(0, whole);
    on_delta({Delta::Kind::text, text});
  }
  if (!arguments_.empty()) on_delta({Delta::Kind::tool_arguments, arguments_});
  arguments_.clear();
}

void SchemaTurnScanner::step(char c) {
  switch (state_) {
    case State::start:
      if (!is_space(c)) state_ = c == '{' ? State::between : State::over;
      return;
    case State::between:
      if (c == '"') {
        key_.clear();
        state_ = State::key;
      } else if (!is_space(c) && c != ',') {
        state_ = State::over;
      }
      return;
    case State::key:
      // Only short plain keys matter.
      if (c == '"') {
        state_ = State::colon;
      } else if (key_.size() < 16) {
        key_ += c;
      }
      return;
    case State::colon:
      if (c == ':') state_ = State::value;
      return;
    case State::value:
      if (!is_space(c)) begin_value(c);
      return;
    case State::thought:
    case State::skipped_string:
      step_thought(c);
      return;
    case State::nested:
      step_nested(c);
      return;
    case State::over:
      return;
  }
}

void SchemaTurnScanner::begin_value(char c) {
  depth_ = 0;
  if (c == '"') {
    state_ = key_ == "thought" ? State::thought : State::skipped_string;
  } else if (c == '{' || c == '[') {
    state_ = State::nested;
    step_nested(c);
  } else {
    state_ = State::over;  // neither of our values is a number or a literal
  }
}

void SchemaTurnScanner::step_thought(char c) {
  const auto put = [this](char byte) {
    if (state_ == State::thought) thought_ += byte;
  };
  if (unicode_) {
    hex_ += c;
    if (hex_.size() < 4) return;
    unicode_ = false;
    std::uint16_t unit = 0;
    std::from_chars(hex_.data(), hex_.data() + 4, unit, 16);
    if (state_ == State::thought) append_code_point(thought_, unit);
  } else if (escaped_) {
    escaped_ = false;
    hex_.clear();
    unicode_ = c == 'u';
    if (!unicode_) put(c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c);
  } else if (c == '\\') {
    escaped_ = true;
  } else if (c == '"') {
    state_ = State::between;
  } else {
    put(c);
  }
}

void SchemaTurnScanner::step_nested(char c) {
  if (key_ == "arguments") arguments_ += c;
  if (in_string_) {
    if (escaped_) {
      escaped_ = false;
    } else if (c == '\\') {
      escaped_ = true;
    } else if (c == '"') {
      in_string_ = false;
    }
    return;
  }
  if (c == '"') in_string_ = true;
  if (c == '{' || c == '[') ++depth_;
  if ((c == '}' || c == ']') && --depth_ == 0) state_ = State::between;
}

void TextTurnScanner::feed(std::string_view bytes, const DeltaHandler& on_delta) {
  std::string text;
  std::string arguments;
  for (const char c : bytes) {
    std::string& out = in_block_ ? arguments : text;
    const std::string_view fence = in_block_ ? kCloseFence : kOpenFence;
    if (c == '\n') {
      const bool is_fence = held_ && line_ == fence;
      if (is_fence) {
        in_block_ = !in_block_;
      } else {
        out += line_;
        out += c;
      }
      line_.clear();
      held_ = true;
    } else if (held_ && line_.size() < fence.size() && c == fence[line_.size()]) {
      line_ += c;
    } else {
      held_ = false;
      out += line_;
      line_.clear();
      out += c;
    }
  }
  if (!text.empty()) on_delta({Delta::Kind::text, text});
  if (!arguments.empty()) on_delta({Delta::Kind::tool_arguments, arguments});
}

}  // namespace pareto
