#include "tools/corpus/terms.h"

#include <algorithm>
#include <array>

#include "tools/output.h"

namespace pareto {
namespace {

constexpr std::size_t kMaxTerm = 64;
// Endings differ between a question and a passage; the index stems, and this is its shadow.
constexpr std::size_t kStem = 6;

// Sorted.
constexpr std::array<std::string_view, 118> kStopWords = {
    "a",      "about",   "above",  "after",   "again", "against", "all",   "also",    "am",
    "an",     "and",     "any",    "are",     "as",    "at",      "be",    "because", "been",
    "before", "being",   "below",  "between", "both",  "but",     "by",    "can",     "could",
    "did",    "do",      "does",   "doing",   "down",  "during",  "each",  "few",     "for",
    "from",   "further", "had",    "has",     "have",  "having",  "he",    "her",     "here",
    "hers",   "him",     "his",    "how",     "i",     "if",      "in",    "into",    "is",
    "it",     "its",     "itself", "just",    "me",    "more",    "most",  "my",      "named",
    "no",     "nor",     "not",    "now",     "of",    "off",     "on",    "once",    "only",
    "or",     "other",   "our",    "out",     "over",  "own",     "same",  "she",     "should",
    "so",     "some",    "such",   "than",    "that",  "the",     "their", "them",    "then",
    "there",  "these",   "they",   "this",    "those", "through", "to",    "too",     "under",
    "until",  "up",      "very",   "was",     "we",    "were",    "what",  "when",    "where",
    "which",  "while",   "who",    "whom",    "whose", "why",     "will",  "with",    "would",
    "you"};
static_assert(std::ranges::is_sorted(kStopWords));

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool of_word(char c) {
  const char l = lower(c);
  return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80;
}

struct Word {
  std::size_t start = 0;
  std::size_t end = 0;
};

// Calls `visit(Word)` for each word; stops when it returns false.
template <class Visit>
void each_word(std::string_view text, Visit visit) {
  for (std::size_t i = 0; i < text.size();) {
    if (!of_word(text[i])) {
      ++i;
      continue;
    }
    const std::size_t start = i;
    while (i < text.size() && of_word(text[i])) ++i;
    if (!visit(Word{start, i})) return;
  }
}

bool same_stem(std::string_view word, std::string_view term) {
  const std::size_t length = std::min(term.size(), kStem);
  if (word.size() < length || (term.size() < kStem && word.size() > term.size() + 2)) return false;
  return std::ranges::equal(word.substr(0, length), term.substr(0, length),
                            [](char a, char b) { return lower(a) == b; });
}

struct TermHit {
  Word word;
  std::size_t term = 0;
};

std::vector<TermHit> hits_of(std::string_view text, const std::vector<std::string>& terms) {
  std::vector<TermHit> hits;
  each_word(text, [&](Word word) {
    const std::string_view found = text.substr(word.start, word.end - word.start);
    for (std::size_t i = 0; i < terms.size(); ++i) {
      if (same_stem(found, terms[i])) {
        hits.push_back({word, i});
        break;
      }
    }
    return true;
  });
  return hits;
}

// Where the stretch of `room` bytes starts that has most different terms; 0 without hits.
std::size_t densest(const std::vector<TermHit>& hits, std::size_t terms, std::size_t room) {
  std::size_t start = 0;
  std::size_t most = 0;
  std::vector<std::size_t> seen(terms, 0);
  std::size_t distinct = 0;
  for (std::size_t first = 0, last = 0; first < hits.size(); ++first) {
    for (; last < hits.size() && hits[last].word.end - hits[first].word.start <= room; ++last) {
      distinct += seen[hits[last].term]++ == 0 ? 1 : 0;
    }
    if (distinct > most) {
      most = distinct;
      start = hits[first].word.start;
    }
    if (last > first) {
      distinct -= --seen[hits[first].term] == 0 ? 1 : 0;
    } else {
      last = first + 1;
    }
  }
  return start;
}

// Room before the first hit: back to the start of its sentence, or to a word not too far away.
std::size_t snippet_start(std::string_view text, std::size_t hit, std::size_t room) {
  const std::size_t stop = text.substr(0, hit).rfind(". ");
  const std::size_t sentence = stop == std::string_view::npos ? 0 : stop + 2;
  if (hit - sentence <= room / 3) return sentence;
  std::size_t start = hit - room / 3;
  while (start < hit && start > 0 && of_word(text[start - 1])) ++start;
  return start;
}

}  // namespace

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  each_word(text, [&](Word word) {
    words.emplace_back(text.substr(word.start, word.end - word.start));
    std::ranges::transform(words.back(), words.back().begin(), lower);
    return true;
  });
  return words;
}

bool is_function_word(std::string_view word) {
  return std::ranges::binary_search(kStopWords, word);
}

std::vector<std::string> query_terms(std::string_view text, std::size_t limit) {
  std::vector<std::string> terms;
  std::vector<std::string> function_words;
  each_word(text, [&](Word word) {
    std::string term(utf8_prefix(text.substr(word.start, word.end - word.start), kMaxTerm));
    std::ranges::transform(term, term.begin(), lower);
    const bool common = term.size() < 2 || is_function_word(term);
    const bool digit = term.size() == 1 && term[0] >= '0' && term[0] <= '9';
    auto& list = common && !digit ? function_words : terms;
    if (list.size() < limit && std::ranges::find(list, term) == list.end()) {
      list.push_back(std::move(term));
    }
    return terms.size() < limit;
  });
  return terms.empty() ? function_words : terms;
}

std::string best_snippet(std::string_view text, const std::vector<std::string>& terms,
                         std::size_t bytes) {
  if (text.size() <= bytes) return std::string(text);
  constexpr std::size_t kEllipses = 6;
  const std::size_t room = bytes > 2 * kEllipses ? bytes - kEllipses : bytes;
  const std::size_t start =
      snippet_start(text, densest(hits_of(text, terms), terms.size(), room), room);
  std::string_view part = utf8_prefix(text.substr(start), room);
  if (start + part.size() < text.size()) {
    const std::size_t space = part.rfind(' ');
    if (space != std::string_view::npos && space > room / 2) part = part.substr(0, space);
  }
  std::string snippet = start > 0 ? "..." : "";
  snippet += part;
  if (start + part.size() < text.size()) snippet += "...";
  return snippet;
}

}  // namespace pareto
