// Files of foreign benchmarks and answers to their questions: no reader and no rule may crash,
// whatever stands there.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "apps/bench/readers/reader.h"
#include "apps/bench/rules/answer_rules.h"
#include "apps/bench/rules/judge_reply.h"
#include "apps/bench/rules/test_results.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data + 1), size - 1);
  pareto::recognise({.text = text});
  const auto readers = pareto::readers();
  const pareto::Reader& reader = readers[data[0] % readers.size()];
  (void)reader.read({.text = text, .options = {{"repositories", "r"}}});
  (void)reader.read({.text = text});

  const std::string gold = text.substr(0, text.find('\n'));
  const std::string answer = text.substr(gold.size());
  for (const char* type : {"math", "gaia", "hotpot_f1", "browsecomp", "set_f1"}) {
    pareto::find_answer_rule(type)->score(answer, std::span(&gold, 1));
  }
  pareto::simpleqa_grade(text);
  pareto::browsecomp_correct(text);
  pareto::read_test_results(text);
  return 0;
}
