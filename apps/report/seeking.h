#pragma once

#include <vector>

#include "apps/report/result_files.h"
#include "policies/offline/interval.h"

namespace pareto::reporting {

// What an arm read of the passages that its tasks required: means over tasks, repeats averaged, of
// ISR and ISE (WebLeaper, Tao et al. 2025, arXiv 2510.24697, section 3.4). Infrastructure errors
// are left out.
struct ArmSeeking {
  offline::ArmId arm;
  int tasks = 0;
  int runs = 0;
  // |required and obtained| / |required|, with Wilson's interval over tasks: shares vary no more
  // than passes do.
  offline::Estimated isr;
  // |required| / actions, 0 of a run without any, with Student's t over tasks. It says nothing of
  // what was found: a run that does little has a high one.
  offline::Estimated ise;
};

// By arm; empty where no row names required passages.
std::vector<ArmSeeking> seeking_of(const SuiteRows& rows, double confidence);

}  // namespace pareto::reporting
