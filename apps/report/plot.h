#pragma once

#include <string>

#include "apps/report/report.h"

namespace pareto::reporting {

// Pixels.
struct PlotSize {
  double width = 720;
  double height = 420;
};

enum class Standalone { no, yes };

// Success over cost, a point an arm with both intervals and the frontier as steps, as an SVG
// element; a file of its own has namespace and colours (light and dark) in it. Arms of unknown cost
// are named below. Empty when no arm has a cost.
std::string accuracy_cost_plot(const CostSection& section, const PlotSize& size,
                               Standalone standalone);

// The colours of plots, as CSS.
std::string plot_style();

// The name of an arm where all arms are shown: without the model when they share it.
std::string short_name(const offline::ArmId& arm, const CostSection& section);

}  // namespace pareto::reporting
