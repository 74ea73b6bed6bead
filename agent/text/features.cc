#include "agent/text/features.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "agent/text/words.h"

namespace pareto {
namespace {

// Beyond this a prompt is a document: its beginning says what is wanted.
constexpr std::size_t kPromptBytes = 64 * 1024;

using Texts = std::span<const std::string_view>;

constexpr std::string_view kCodeWords[] = {
    "algorithm",  "api",    "array",  "class",  "code",     "compile",  "function", "html",
    "javascript", "java",   "method", "module", "parser",   "program",  "python",   "regex",
    "rust",       "script", "sql",    "string", "unittest", "variable", "refactor", "codebase"};
constexpr std::string_view kRepairWords[] = {
    "bug",   "bugs",       "buggy",  "broken",    "crash",   "crashes",   "debug",
    "error", "errors",     "fail",   "failed",    "failing", "fails",     "fix",
    "fixes", "regression", "repair", "traceback", "wrong",   "incorrect", "faulty"};
constexpr std::string_view kWritingWords[] = {"add",     "build",     "complete", "create",
                                              "develop", "implement", "write",    "port",
                                              "extend",  "refactor",  "rewrite",  "generate"};
constexpr std::string_view kArithmeticWords[] = {
    "altogether", "average", "cents", "cost",  "costs",   "dollars", "each",  "earn",   "earned",
    "half",       "hours",   "left",  "miles", "minutes", "percent", "price", "profit", "remaining",
    "sells",      "spend",   "spent", "times", "total",   "twice",   "weeks", "pounds", "feet"};
constexpr std::string_view kArithmeticPhrases[] = {"how many", "how much", "how long",
                                                   "how far",  "in total", "calculate"};
constexpr std::string_view kMathematicsWords[] = {
    "cosine",     "denominator", "derivative",  "divisible",  "equation", "hexagon",
    "integer",    "integers",    "integral",    "matrix",     "modulo",   "perimeter",
    "polynomial", "prime",       "probability", "proof",      "prove",    "radius",
    "real",       "roots",       "sine",        "theorem",    "triangle", "vertices",
    "sequence",   "simplify",    "expression",  "arithmetic", "angle",    "area",
    "circle",     "coordinates", "degrees",     "digit",      "digits",   "factor",
    "function",   "graph",       "positive",    "product",    "solve",    "square",
    "sum",        "triangles"};
constexpr std::string_view kMathematicsPhrases[] = {"\\frac", "\\sqrt",   "\\sum",  "\\[",
                                                    "\\(",    "\\begin{", "\\text", "\\cdot"};
constexpr std::string_view kNumberWords[] = {
    "two", "three",  "four",   "five",  "six",     "seven",    "eight", "nine",
    "ten", "eleven", "twelve", "dozen", "hundred", "thousand", "third", "quarter"};
constexpr std::string_view kRecencyWords[] = {"currently", "latest",    "news",    "nowadays",
                                              "recent",    "today",     "today's", "tonight",
                                              "tomorrow",  "yesterday", "weather"};
constexpr std::string_view kRecencyPhrases[] = {"right now", "this week", "this month",
                                                "this year", "as of now", "stock price"};
constexpr std::string_view kSummaryWords[] = {"abstract",  "condense",  "gist",      "shorten",
                                              "summaries", "summarise", "summarize", "summary",
                                              "tl;dr",     "tldr"};
constexpr std::string_view kHopWords[] = {"both",   "whose",  "whom", "respectively",
                                          "former", "latter", "same"};
constexpr std::string_view kHopPhrases[] = {
    " of the ", " that the ", " in which ",  " who was ",  " where the ",
    "'s ",      " or ",       " which the ", " of which ", " who is "};
constexpr std::string_view kQuestionWords[] = {"how", "what", "when",  "where", "which",
                                               "who", "whom", "whose", "why"};

bool is_one_of(std::string_view word, Texts words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

double count_words(const std::vector<std::string_view>& words, Texts wanted) {
  return static_cast<double>(std::count_if(
      words.begin(), words.end(), [&](std::string_view word) { return is_one_of(word, wanted); }));
}

double count_text(std::string_view text, std::string_view wanted) {
  double count = 0;
  for (std::size_t at = text.find(wanted); at != std::string_view::npos;
       at = text.find(wanted, at + wanted.size())) {
    ++count;
  }
  return count;
}

double count_phrases(std::string_view text, Texts phrases) {
  double count = 0;
  for (const std::string_view phrase : phrases) count += count_text(text, phrase);
  return count;
}

// Formulas between dollar signs; "$80" is money.
double count_formulas(std::string_view text) {
  double count = 0;
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    const char next = text[i + 1];
    if (text[i] == '$' && ((next >= 'a' && next <= 'z') || next == '\\' || next == '(')) ++count;
  }
  return count;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

template <class Counts>
double share_of(std::string_view text, Counts counts) {
  if (text.empty()) return 0;
  return static_cast<double>(std::count_if(text.begin(), text.end(), counts)) /
         static_cast<double>(text.size());
}

// Whether a line begins like an item of a list: "-", "*" or "3." or "3)".
bool is_item(std::string_view line) {
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  if (line.starts_with("- ") || line.starts_with("* ")) return true;
  const std::size_t end = std::min(line.find_first_not_of("0123456789"), line.size());
  return end > 0 && end < 3 && end < line.size() && (line[end] == '.' || line[end] == ')');
}

// Whether a line begins like one of several lettered answers: "(a) ", "a) ", "a. ".
bool is_choice(std::string_view line) {
  line.remove_prefix(std::min(line.find_first_not_of(" \t("), line.size()));
  return line.size() > 2 && line[0] >= 'a' && line[0] <= 'j' &&
         (line[1] == ')' || line[1] == '.' || line[1] == ':') && line[2] == ' ';
}

void read_lines(std::string_view text, TaskFeatures& features) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    if (is_item(line)) ++features.parts;
    if (is_choice(line)) ++features.choices;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

void read_prompt(std::string_view prompt, TaskFeatures& features) {
  const std::string text = ascii_lower(prompt.substr(0, kPromptBytes));
  const std::vector<std::string_view> words = words_of(text);
  features.log_bytes = std::log1p(static_cast<double>(prompt.size()));
  features.log_words = std::log1p(static_cast<double>(words.size()));
  features.digit_share = share_of(text, is_digit);
  features.numbers =
      static_cast<double>(std::count_if(words.begin(), words.end(), [](std::string_view word) {
        return is_digit(word.front()) || is_one_of(word, kNumberWords);
      }));
  features.questions = count_text(text, "?");
  features.code_fences = count_text(text, "```");
  features.code_words = count_words(words, kCodeWords);
  features.repair_words = count_words(words, kRepairWords);
  features.writing_words = count_words(words, kWritingWords);
  features.arithmetic_words =
      count_words(words, kArithmeticWords) + count_phrases(text, kArithmeticPhrases);
  features.mathematics_words = count_words(words, kMathematicsWords) +
                               count_phrases(text, kMathematicsPhrases) + count_formulas(text);
  features.recency_words = count_words(words, kRecencyWords) + count_phrases(text, kRecencyPhrases);
  features.summary_words = count_words(words, kSummaryWords);
  features.hop_words = count_words(words, kHopWords) + count_phrases(text, kHopPhrases);
  features.question_words = count_words(words, kQuestionWords);
  features.urls = count_text(text, "://") + count_text(text, "www.");
  features.file_names = static_cast<double>(file_names_in(text).size());
  features.wide_share =
      share_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  read_lines(text, features);
}

void read_file_name(std::string_view path, TaskFeatures& features) {
  const FileSort sort = sort_of_file(path);
  if (sort == FileSort::code) ++features.code_files;
  if (sort == FileSort::data) ++features.data_files;
  if (sort == FileSort::prose) ++features.prose_files;
  const std::string name = ascii_lower(path.substr(path.rfind('/') + 1));
  if (name.find("test") != std::string::npos) ++features.test_files;
}

void read_files(const Task& task, const Briefing& briefing, TaskFeatures& features) {
  auto files = static_cast<double>(briefing.total_files);
  auto bytes = static_cast<double>(briefing.total_bytes);
  for (const BriefedFile& file : briefing.files) read_file_name(file.path, features);
  for (const std::string& path : briefing.omitted) read_file_name(path, features);
  if (briefing.total_files == 0) {
    files = static_cast<double>(task.files.size());
    for (const auto& [path, text] : task.files) {
      read_file_name(path, features);
      bytes += static_cast<double>(text.size());
    }
  }
  features.log_files = std::log1p(files);
  features.log_file_bytes = std::log1p(bytes);
  features.omitted_files = static_cast<double>(briefing.omitted.size());
}

constexpr FeatureField kFields[] = {
    {"log_bytes", &TaskFeatures::log_bytes},
    {"log_words", &TaskFeatures::log_words},
    {"digit_share", &TaskFeatures::digit_share},
    {"numbers", &TaskFeatures::numbers},
    {"questions", &TaskFeatures::questions},
    {"parts", &TaskFeatures::parts},
    {"code_fences", &TaskFeatures::code_fences},
    {"code_words", &TaskFeatures::code_words},
    {"repair_words", &TaskFeatures::repair_words},
    {"writing_words", &TaskFeatures::writing_words},
    {"arithmetic_words", &TaskFeatures::arithmetic_words},
    {"mathematics_words", &TaskFeatures::mathematics_words},
    {"recency_words", &TaskFeatures::recency_words},
    {"summary_words", &TaskFeatures::summary_words},
    {"hop_words", &TaskFeatures::hop_words},
    {"question_words", &TaskFeatures::question_words},
    {"choices", &TaskFeatures::choices},
    {"urls", &TaskFeatures::urls},
    {"file_names", &TaskFeatures::file_names},
    {"wide_share", &TaskFeatures::wide_share},
    {"has_verifier", &TaskFeatures::has_verifier},
    {"check_fails", &TaskFeatures::check_fails},
    {"has_corpus", &TaskFeatures::has_corpus},
    {"log_passages", &TaskFeatures::log_passages},
    {"log_files", &TaskFeatures::log_files},
    {"log_file_bytes", &TaskFeatures::log_file_bytes},
    {"omitted_files", &TaskFeatures::omitted_files},
    {"code_files", &TaskFeatures::code_files},
    {"data_files", &TaskFeatures::data_files},
    {"prose_files", &TaskFeatures::prose_files},
    {"test_files", &TaskFeatures::test_files},
};
static_assert(sizeof(kFields) / sizeof(kFields[0]) == sizeof(TaskFeatures) / sizeof(double),
              "every feature has a name");

}  // namespace

TaskFeatures features_of(const Task& task, const Briefing& briefing) {
  TaskFeatures features;
  read_prompt(task.prompt, features);
  read_files(task, briefing, features);
  features.has_verifier = task.verify ? 1 : 0;
  features.check_fails = briefing.check_output.empty() ? 0 : 1;
  features.has_corpus = task.corpus.empty() && briefing.corpus_passages == 0 ? 0 : 1;
  features.log_passages = std::log1p(static_cast<double>(briefing.corpus_passages));
  return features;
}

std::span<const FeatureField> feature_fields() { return kFields; }

Json to_json(const TaskFeatures& features) {
  Json json = Json::object();
  json["version"] = kFeaturesVersion;
  for (const FeatureField& field : kFields) json[std::string(field.name)] = features.*field.value;
  return json;
}

}  // namespace pareto
