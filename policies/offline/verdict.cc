#include <string>

#include "policies/offline/comparison.h"

namespace pareto::offline {
namespace {

CostVerdict cost_verdict(const Comparison& comparison, double alpha) {
  if (!comparison.cost) return CostVerdict::unknown;
  const CostDifference& cost = *comparison.cost;
  if (cost.holm_p >= alpha) return CostVerdict::inconclusive;
  const bool by_totals = cost.free_tasks > 0 || !cost.geometric_change;
  const double change = by_totals ? cost.ratio_of_totals.value - 1 : cost.geometric_change->value;
  return change < 0 ? CostVerdict::cheaper : CostVerdict::dearer;
}

SuccessVerdict success_verdict(const SuccessDifference& success, double alpha) {
  const bool differs = success.holm_p < alpha;
  const bool not_inferior = success.holm_non_inferiority_p < alpha / 2;
  if (differs && success.difference.value > 0) return SuccessVerdict::better;
  if (differs) return not_inferior ? SuccessVerdict::worse_within_margin : SuccessVerdict::worse;
  return not_inferior ? SuccessVerdict::not_worse : SuccessVerdict::inconclusive;
}

const char* words(CostVerdict verdict) {
  switch (verdict) {
    case CostVerdict::cheaper:
      return "cheaper";
    case CostVerdict::dearer:
      return "dearer";
    case CostVerdict::inconclusive:
      return "cost inconclusive";
    case CostVerdict::unknown:
      break;
  }
  return "cost unknown";
}

const char* words(SuccessVerdict verdict) {
  switch (verdict) {
    case SuccessVerdict::better:
      return "better";
    case SuccessVerdict::not_worse:
      return "not worse";
    case SuccessVerdict::worse_within_margin:
      return "worse within the margin";
    case SuccessVerdict::worse:
      return "worse";
    case SuccessVerdict::inconclusive:
      break;
  }
  return "success inconclusive";
}

const char* join(CostVerdict cost, SuccessVerdict success) {
  const bool cost_is_clear = cost == CostVerdict::cheaper || cost == CostVerdict::dearer;
  if (!cost_is_clear || success == SuccessVerdict::inconclusive) return ", ";
  const bool good = success == SuccessVerdict::better || success == SuccessVerdict::not_worse;
  // Not being worse is no merit of what costs more.
  const bool opposed = cost == CostVerdict::cheaper ? !good : success == SuccessVerdict::better;
  return opposed ? " but " : " and ";
}

// The typical task and the bill may go different ways when a few tasks make the bill.
std::string about_the_total(const Comparison& comparison) {
  if (!comparison.cost || !comparison.cost->ratio_of_totals.interval) return "";
  const Interval& total = *comparison.cost->ratio_of_totals.interval;
  if (comparison.cost_verdict == CostVerdict::cheaper && total.low > 1) {
    return "; yet dearer in total";
  }
  if (comparison.cost_verdict == CostVerdict::dearer && total.high < 1) {
    return "; yet cheaper in total";
  }
  return "";
}

}  // namespace

void conclude(Comparison& comparison, const CompareOptions& options) {
  const double alpha = 1 - options.confidence;
  comparison.cost_verdict = cost_verdict(comparison, alpha);
  comparison.success_verdict = success_verdict(comparison.success, alpha);
  comparison.sentence = std::string(words(comparison.cost_verdict)) +
                        join(comparison.cost_verdict, comparison.success_verdict) +
                        words(comparison.success_verdict) + about_the_total(comparison);
}

}  // namespace pareto::offline
