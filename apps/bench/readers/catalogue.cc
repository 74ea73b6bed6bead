#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "agent/text/nearest_name.h"
#include "apps/bench/readers/browsecomp.h"
#include "apps/bench/readers/gaia.h"
#include "apps/bench/readers/gsm8k.h"
#include "apps/bench/readers/hotpotqa.h"
#include "apps/bench/readers/humanevalfix.h"
#include "apps/bench/readers/math500.h"
#include "apps/bench/readers/mmlu_pro.h"
#include "apps/bench/readers/musique.h"
#include "apps/bench/readers/polyglot.h"
#include "apps/bench/readers/quixbugs.h"
#include "apps/bench/readers/reader.h"
#include "apps/bench/readers/records.h"
#include "apps/bench/readers/simpleqa.h"
#include "apps/bench/readers/swe_bench.h"
#include "apps/bench/readers/tree_tasks.h"

namespace pareto {

std::span<const Reader> readers() {
  static const std::array kReaders{kGsm8k,    kMath500,      kMmluPro,  kHotpotQa, kMusique,
                                   kSimpleQa, kBrowseComp,   kGaia,     kSweBench, kQuixBugs,
                                   kPolyglot, kHumanEvalFix, kTreeTasks};
  return kReaders;
}

Result<const Reader*> find_reader(std::string_view format) {
  const auto all = readers();
  const auto found = std::ranges::find(all, format, &Reader::format);
  if (found != all.end()) return &*found;
  std::vector<std::string> names;
  for (const Reader& reader : all) names.emplace_back(reader.format);
  const auto near = nearest_name(format, names);
  return fail(ErrorCode::invalid,
              fmt::format("unknown format \"{}\"{}; known are {}", format,
                          near ? fmt::format("; did you mean \"{}\"?", *near) : "",
                          fmt::join(names, ", ")));
}

const Reader* recognise(const Source& source) {
  const Json first = source.is_folder() ? Json(nullptr) : first_record(source.text);
  const auto all = readers();
  const auto found = std::ranges::find_if(
      all, [&](const Reader& reader) { return reader.recognises(source, first); });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace pareto
