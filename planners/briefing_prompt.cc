#include "planners/briefing_prompt.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "planners/extraction.h"

namespace pareto {
namespace {

constexpr std::int64_t kMostFileBytes = 24 * 1024;
constexpr std::size_t kPassageBytes = 1'500;
constexpr std::size_t kCheckBytes = 2'000;
// Tokens for the rest of a prompt: the task, passages, the check's output.
constexpr std::int64_t kOtherTokens = 3'000;
// Source code has three to four bytes a token.
constexpr std::int64_t kBytesPerToken = 2;

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

// A name on one line that can't end its quoting.
std::string one_line(std::string_view text) {
  std::string line(text.substr(0, 200));
  std::ranges::replace_if(line, [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  return line;
}

// Every line behind a mark, so that no text can look like the end of its quotation.
std::string quoted_lines(std::string_view text) {
  std::string quoted;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    quoted.append("> ").append(text.substr(0, end)).append("\n");
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return quoted;
}

}  // namespace

std::string fenced(std::string_view text, std::string_view info) {
  std::size_t longest = 0;
  std::size_t here = 0;
  for (const char c : text) {
    here = c == '`' ? here + 1 : 0;
    longest = std::max(longest, here);
  }
  const std::string fence(std::max<std::size_t>(3, longest + 1), '`');
  const bool ends = text.empty() || text.back() == '\n';
  return fmt::format("{}{}\n{}{}{}", fence, info, text, ends ? "" : "\n", fence);
}

std::string clipped(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return std::string(text);
  std::size_t head = bytes * 2 / 5;
  std::size_t tail = text.size() - (bytes - head);
  while (head > 0 && continues_character(text[head])) --head;
  while (tail < text.size() && continues_character(text[tail])) ++tail;
  return fmt::format("{}\n[... {} bytes left out ...]\n{}", text.substr(0, head), tail - head,
                     text.substr(tail));
}

std::string files_section(const Briefing& briefing, std::int64_t bytes) {
  std::vector<const BriefedFile*> files;
  for (const bool tests : {false, true}) {
    for (const BriefedFile& file : briefing.files) {
      if (is_test_file(file.path) == tests) files.push_back(&file);
    }
  }
  std::string section;
  std::vector<std::string> others;
  for (const BriefedFile* file : files) {
    const auto size = static_cast<std::int64_t>(file->text.size());
    if (size > bytes) {
      others.push_back(one_line(file->path));
      continue;
    }
    bytes -= size;
    section += fmt::format("File {}\n{}\n\n", one_line(file->path), fenced(file->text));
  }
  for (const std::string& path : briefing.omitted) others.push_back(one_line(path));
  if (others.empty()) return section;
  return section + fmt::format("Other files: {}\n\n", fmt::join(others, ", "));
}

std::string passages_section(const Briefing& briefing, std::size_t most) {
  std::string section;
  for (const Passage& passage : briefing.passages) {
    if (most-- == 0) break;
    section += fmt::format("Passage \"{}\"\n{}\n", one_line(passage.title),
                           quoted_lines(clipped(passage.text, kPassageBytes)));
  }
  return section;
}

std::string check_section(const Task& task, std::string_view output) {
  if (!task.verify || output.empty()) return {};
  return fmt::format("The check `{}` fails with\n{}\n\n", one_line(task.verify->command),
                     fenced(clipped(output, kCheckBytes)));
}

std::string repair_message(const Verdict& verdict, std::string_view request) {
  const std::string output = verdict.output.empty()
                                 ? fmt::format("(no output, exit status {})", verdict.exit_code)
                                 : clipped(verdict.output, kCheckBytes);
  return fmt::format("The check still fails with\n{}\n\n{}", fenced(output), request);
}

std::int64_t file_room(const ModelInfo& model) {
  const std::int64_t tokens = model.context - model.max_output_tokens - kOtherTokens;
  return std::clamp<std::int64_t>(tokens * kBytesPerToken, 0, kMostFileBytes);
}

}  // namespace pareto
