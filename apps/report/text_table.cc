#include "apps/report/text_table.h"

#include <algorithm>

namespace pareto::reporting {
namespace {

// Characters of UTF-8; wide ones count as one.
std::size_t width_of(const std::string& cell) {
  return static_cast<std::size_t>(std::ranges::count_if(
      cell, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace

std::string TextTable::text() const {
  const std::size_t columns = rows_.front().size();
  std::vector<std::size_t> widths(columns, 0);
  std::vector<bool> used(columns, false);
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    for (std::size_t column = 0; column < columns; ++column) {
      const std::string& cell = rows_[i][column];
      widths[column] = std::max(widths[column], width_of(cell));
      if (i > 0 && !cell.empty()) used[column] = true;
    }
  }
  std::string result;
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t column = 0; column < columns; ++column) {
      if (!used[column]) continue;
      const std::string gap(widths[column] - width_of(row[column]), ' ');
      if (!line.empty()) line += "  ";
      line += column == 0 ? row[column] + gap : gap + row[column];
    }
    line.erase(line.find_last_not_of(' ') + 1);
    result += line + "\n";
  }
  return result;
}

}  // namespace pareto::reporting
