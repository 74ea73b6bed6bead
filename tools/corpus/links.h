#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pareto {

// Which passages a text names by their titles: the links of an encyclopedia without its markup.
//
//   links.add(row, title); ...; links.seal();
//   for (std::int64_t row : links.named_in(text)) ...
//
// Immutable once sealed, and usable from several threads then.
class TitleLinks {
 public:
  void add(std::int64_t row, std::string_view title);
  void seal();
  // Rows whose title stands in the text as a sequence of whole words, whatever their case; without
  // what a title adds in brackets ("Paris (film)"). Each once, sorted. Single words that are short
  // or common name nothing, and neither do titles that many passages share.
  std::vector<std::int64_t> named_in(std::string_view text) const;

 private:
  std::vector<std::pair<std::uint64_t, std::int64_t>> titles_;  // hash of the words, row
  std::size_t longest_ = 0;                                     // in words
};

// A passage with its score; higher is better.
struct Ranked {
  std::int64_t row = 0;
  double score = 0;

  friend bool operator==(const Ranked&, const Ranked&) = default;
};

// Raises the passages that the query names, and those that the best passages name, as a question
// that needs two passages often has words of the first only. Takes and gives best first; `text_of`
// is asked for the texts of a handful of rows.
std::vector<Ranked> rank_by_links(std::vector<Ranked> ranked, const TitleLinks& links,
                                  std::string_view query,
                                  const std::function<std::string(std::int64_t)>& text_of);

}  // namespace pareto
