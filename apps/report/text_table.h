#pragma once

#include <string>
#include <vector>

namespace pareto::reporting {

// A table for a terminal: the first column to the left, the others to the right, each as wide as
// its widest cell, two spaces between. Columns that are empty in every row are left out.
class TextTable {
 public:
  explicit TextTable(std::vector<std::string> header) : rows_{std::move(header)} {}

  // At most as many cells as the header; those that are missing are empty.
  void add(std::vector<std::string> cells) {
    cells.resize(rows_.front().size());
    rows_.push_back(std::move(cells));
  }
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace pareto::reporting
