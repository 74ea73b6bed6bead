#include "planners/edit_blocks.h"

#include <algorithm>

#include "planners/extraction.h"

namespace pareto {
namespace {

constexpr std::size_t kMostEdits = 64;
constexpr std::string_view kBlank = " \t\r";

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

std::string_view indentation(std::string_view line) {
  return line.substr(0, std::min(line.find_first_not_of(" \t"), line.size()));
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

std::string joined(std::span<const std::string_view> lines) {
  std::string text;
  for (std::size_t i = 0; i < lines.size(); ++i) text.append(i == 0 ? "" : "\n").append(lines[i]);
  return text;
}

// What follows a marker of three or more of one character; nothing for other lines.
std::optional<std::string_view> after_marker(std::string_view line, char mark) {
  const std::size_t length = std::min(line.find_first_not_of(mark), line.size());
  if (length < 3) return std::nullopt;
  return trimmed(line.substr(length));
}

// Where the lines stand, if in one place alone.
template <class Same>
std::optional<std::size_t> only_place(std::span<const std::string_view> lines,
                                      std::span<const std::string_view> wanted, Same same) {
  std::optional<std::size_t> place;
  for (std::size_t at = 0; at + wanted.size() <= lines.size(); ++at) {
    if (!std::equal(wanted.begin(), wanted.end(), lines.begin() + static_cast<std::ptrdiff_t>(at),
                    same)) {
      continue;
    }
    if (place) return std::nullopt;
    place = at;
  }
  return place;
}

// Moves lines from the indentation that their first one has to another.
std::vector<std::string> moved(std::span<const std::string_view> lines, std::string_view indent) {
  const std::size_t base = indentation(lines.front()).size();
  std::vector<std::string> result;
  for (const std::string_view line : lines) {
    const std::string_view rest = line.substr(std::min(base, indentation(line).size()));
    result.push_back(trimmed(rest).empty() ? std::string() : std::string(indent).append(rest));
  }
  return result;
}

std::string replaced(const std::vector<std::string_view>& lines, std::size_t at, std::size_t count,
                     const std::vector<std::string>& inserted) {
  std::vector<std::string_view> result(lines.begin(),
                                       lines.begin() + static_cast<std::ptrdiff_t>(at));
  result.insert(result.end(), inserted.begin(), inserted.end());
  result.insert(result.end(), lines.begin() + static_cast<std::ptrdiff_t>(at + count), lines.end());
  return joined(result);
}

const BriefedFile* find_file(std::span<const BriefedFile> files, std::string_view path) {
  const auto found = std::ranges::find(files, path, &BriefedFile::path);
  return found == files.end() ? nullptr : &*found;
}

// The file that an edit is about, with the edit made.
std::optional<BriefedFile> edited(const EditBlock& edit, std::span<const BriefedFile> files) {
  if (const BriefedFile* named = find_file(files, edit.path)) {
    auto text = apply_edit(named->text, edit.old_lines, edit.new_lines);
    if (!text) return std::nullopt;
    return BriefedFile{named->path, std::move(*text)};
  }
  std::optional<BriefedFile> only;
  for (const BriefedFile& file : files) {
    if (is_test_file(file.path)) continue;
    auto text = apply_edit(file.text, edit.old_lines, edit.new_lines);
    if (!text) continue;
    if (only) return std::nullopt;
    only = BriefedFile{file.path, std::move(*text)};
  }
  return only;
}

}  // namespace

std::vector<EditBlock> edit_blocks(std::string_view reply) {
  enum class Part { outside, old_lines, new_lines } part = Part::outside;
  std::vector<EditBlock> blocks;
  std::vector<std::string_view> old_lines;
  std::vector<std::string_view> new_lines;
  std::string path;
  for (const std::string_view line : lines_of(reply)) {
    if (part == Part::outside) {
      if (const auto name = after_marker(line, '<')) {
        path = std::string(name->substr(0, name->find_first_of(kBlank)));
        old_lines.clear();
        new_lines.clear();
        part = Part::old_lines;
      }
    } else if (part == Part::old_lines) {
      const auto rest = after_marker(line, '=');
      if (rest && rest->empty()) {
        part = Part::new_lines;
      } else {
        old_lines.push_back(line);
      }
    } else if (after_marker(line, '>')) {
      if (blocks.size() < kMostEdits) {
        blocks.push_back({std::move(path), joined(old_lines), joined(new_lines)});
      }
      part = Part::outside;
    } else {
      new_lines.push_back(line);
    }
  }
  return blocks;
}

std::optional<std::string> apply_edit(std::string_view text, std::string_view old_lines,
                                      std::string_view new_lines) {
  if (trimmed(old_lines).empty()) return std::nullopt;
  const auto lines = lines_of(text);
  const auto wanted = lines_of(old_lines);
  const auto wished = lines_of(new_lines);
  std::vector<std::string> inserted;
  auto at = only_place(lines, wanted, std::equal_to<>());
  if (at) {
    if (!new_lines.empty()) inserted.assign(wished.begin(), wished.end());
  } else {
    at = only_place(lines, wanted, [](std::string_view a, std::string_view b) {
      return trimmed(a) == trimmed(b);
    });
    if (!at) return std::nullopt;
    if (!new_lines.empty()) inserted = moved(wished, indentation(lines[*at]));
  }
  std::string result = replaced(lines, *at, wanted.size(), inserted);
  if (result == text) return std::nullopt;
  return result;
}

std::vector<BriefedFile> edited_files(std::string_view reply, std::span<const BriefedFile> known) {
  std::vector<BriefedFile> now(known.begin(), known.end());
  std::vector<std::string> changed;
  for (const EditBlock& edit : edit_blocks(reply)) {
    auto file = edited(edit, now);
    if (!file) continue;
    std::ranges::find(now, file->path, &BriefedFile::path)->text = std::move(file->text);
    if (std::ranges::find(changed, file->path) == changed.end()) changed.push_back(file->path);
  }
  std::vector<BriefedFile> files;
  for (const std::string& path : changed) files.push_back(*find_file(now, path));
  return files;
}

}  // namespace pareto
