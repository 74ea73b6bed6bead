#pragma once

#include <string>

#include "apps/report/page.h"

namespace pareto::reporting {

// Tasks x arms with a link to each run, of the suite of this index.
std::string matrix_html(const SuiteReport& suite, std::size_t suite_index);

// A section for each run, shown when its link is followed. `left_bytes`: what the page may still
// grow by; trajectories beyond it are left out, and said so.
std::string runs_html(const SuiteReport& suite, std::size_t suite_index, const PageSource& source,
                      std::size_t& left_bytes);

}  // namespace pareto::reporting
