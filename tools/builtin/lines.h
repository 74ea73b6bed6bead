#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pareto {

// A line of a text: where it starts, where its text ends and where the next line starts.
struct Line {
  std::size_t start = 0;
  std::size_t end = 0;  // without its \n or \r\n
  std::size_t next = 0;

  std::string_view in(std::string_view text) const { return text.substr(start, end - start); }
  std::string_view ending(std::string_view text) const { return text.substr(end, next - end); }
};

// A last line without a newline counts; an empty text has no lines.
std::vector<Line> lines_of(std::string_view text);

// Lines `first` to `last` (from 1, both included) as "12\ttext\n", long ones cut. Stops when
// `bytes` are used up; `*shown` is the last line that was written, `first - 1` if none.
std::string numbered(std::string_view text, const std::vector<Line>& lines, std::size_t first,
                     std::size_t last, std::size_t bytes, std::size_t* shown = nullptr);

// The lines that begin a definition (functions, classes, headings, ...), numbered.
std::string outline(std::string_view text, const std::vector<Line>& lines, std::size_t bytes);

std::string_view strip_end(std::string_view line);
std::string_view indent_of(std::string_view line);

}  // namespace pareto
