#include "apps/report/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "apps/report/figures.h"
#include "apps/report/markup.h"

namespace pareto::reporting {
namespace {

using offline::ArmSummary;

constexpr double kLeft = 52;
constexpr double kRight = 18;
constexpr double kTop = 30;
constexpr double kBottom = 48;
constexpr std::size_t kColours = 8;
constexpr double kCharacter = 7;  // width of a label's character, about

// Where a cost goes. Costs range over decades, so that the axis is logarithmic where all are
// positive.
class CostAxis {
 public:
  CostAxis(const std::vector<const ArmSummary*>& arms, double left, double right)
      : left_(left), right_(right) {
    double least = INFINITY;
    double most = 0;
    for (const ArmSummary* arm : arms) {
      const double value = arm->usd->value;
      least = std::min(least, value);
      most = std::max(most, value);
      if (arm->usd->interval) most = std::max(most, arm->usd->interval->high);
    }
    logarithmic_ = least > 0;
    for (const ArmSummary* arm : arms) {
      // An end at 0 or below has no place on a logarithmic axis; the line runs out of the plot.
      if (arm->usd->interval && arm->usd->interval->low > least / 5) {
        least = std::min(least, arm->usd->interval->low);
      }
    }
    low_ = logarithmic_ ? std::log10(least / 1.5) : 0;
    high_ = logarithmic_ ? std::log10(most * 1.5) : std::max(most * 1.1, 1e-9);
  }

  double at(double usd) const {
    const double value = logarithmic_ ? std::log10(std::max(usd, 1e-300)) : usd;
    return std::clamp(left_ + (value - low_) / (high_ - low_) * (right_ - left_), left_, right_);
  }
  bool logarithmic() const { return logarithmic_; }

  std::vector<double> ticks() const {
    std::vector<double> result;
    if (!logarithmic_) {
      for (int i = 0; i <= 4; ++i) result.push_back(high_ * i / 4);
      return result;
    }
    const bool narrow = high_ - low_ < 2.5;
    for (int decade = static_cast<int>(std::floor(low_)); decade <= high_; ++decade) {
      for (const double step : {1.0, 2.0, 5.0}) {
        if (step != 1.0 && !narrow) continue;
        const double value = std::log10(step) + decade;
        if (value >= low_ && value <= high_) result.push_back(step * std::pow(10, decade));
      }
    }
    return result;
  }

 private:
  double left_;
  double right_;
  double low_ = 0;
  double high_ = 1;
  bool logarithmic_ = false;
};

struct Box {
  double x = 0;
  double y = 0;
  double width = 0;
  double height = 0;

  double overlap(const Box& other) const {
    const double w = std::min(x + width, other.x + other.width) - std::max(x, other.x);
    const double h = std::min(y + height, other.y + other.height) - std::max(y, other.y);
    return w > 0 && h > 0 ? w * h : 0;
  }
};

struct Point {
  const ArmSummary* arm;
  std::string name;
  std::size_t colour;
  bool best;
  double x;
  double y;
};

class Plot {
 public:
  Plot(const CostSection& section, const PlotSize& size)
      : section_(section),
        size_(size),
        arms_(priced(section)),
        axis_(arms_, kLeft, size.width - kRight) {
    for (std::size_t i = 0; i < section.arms.size(); ++i) {
      const ArmSummary& arm = section.arms[i];
      if (!arm.usd) continue;
      points_.push_back({.arm = &arm,
                         .name = short_name(arm.arm, section),
                         .colour = i % kColours,
                         .best = section.not_dominated[i],
                         .x = axis_.at(arm.usd->value),
                         .y = height_of(arm.success_of_all.share)});
    }
  }

  static std::vector<const ArmSummary*> priced(const CostSection& section) {
    std::vector<const ArmSummary*> arms;
    for (const ArmSummary& arm : section.arms) {
      if (arm.usd) arms.push_back(&arm);
    }
    return arms;
  }

  std::string text(Standalone standalone) {
    std::string alt = fmt::format("Success over USD a task ({}):", section_.cost_model);
    for (const Point& point : points_) {
      alt += fmt::format(" {} {} at {} USD;", point.name, percent(point.arm->success_of_all.share),
                         usd(point.arm->usd->value));
    }
    const bool whole = standalone == Standalone::yes;
    std::string result = fmt::format(
        "<svg class=\"plot\" role=\"img\" aria-label=\"{}\" viewBox=\"0 0 {:g} {:g}\"{}>",
        escape(alt), size_.width, size_.height,
        whole ? fmt::format(" width=\"{:g}\" height=\"{:g}\" xmlns=\"http://www.w3.org/2000/svg\"",
                            size_.width, size_.height)
              : "");
    if (whole) {
      result += "<style>" + plot_style() +
                "</style><rect class=\"paper\" width=\"100%\" "
                "height=\"100%\"/>";
    }
    return result + axes() + frontier() + whiskers() + marks() + labels() + "</svg>\n";
  }

 private:
  double height_of(double share) const {
    return size_.height - kBottom - share * (size_.height - kBottom - kTop);
  }

  static std::string line(const char* name, double x1, double y1, double x2, double y2) {
    return fmt::format(
        "<line class=\"{}\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\"/>", name, x1,
        y1, x2, y2);
  }

  std::string axes() const {
    const double right = size_.width - kRight;
    std::string result;
    for (const int share : {0, 25, 50, 75, 100}) {
      const double y = height_of(share / 100.0);
      result += line(share == 0 ? "axis" : "grid", kLeft, y, right, y);
      result += fmt::format(
          "<text class=\"tick\" x=\"{:.1f}\" y=\"{:.1f}\" "
          "text-anchor=\"end\">{} %</text>",
          kLeft - 8, y + 4, share);
    }
    double last = -1e9;
    const double bottom = height_of(0);
    for (const double value : axis_.ticks()) {
      const double x = axis_.at(value);
      if (x - last < 62) continue;
      last = x;
      result += line("axis", x, bottom, x, bottom + 5);
      result += fmt::format(
          "<text class=\"tick\" x=\"{:.1f}\" y=\"{:.1f}\" "
          "text-anchor=\"middle\">{:g}</text>",
          x, bottom + 19, value);
    }
    result += fmt::format("<text class=\"title\" x=\"4\" y=\"16\">Success of all runs</text>");
    result += fmt::format(
        "<text class=\"title\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">USD a task, "
        "{}{}</text>",
        right, size_.height - 8, escape(section_.cost_model),
        axis_.logarithmic() ? " (log scale)" : "");
    return result;
  }

  std::string frontier() const {
    std::vector<const Point*> best;
    for (const Point& point : points_) {
      if (point.best) best.push_back(&point);
    }
    std::ranges::sort(best, {}, [](const Point* point) { return point->arm->usd->value; });
    if (best.empty()) return "";
    std::string path;
    for (const Point* point : best) {
      path += path.empty() ? fmt::format("M{:.1f} {:.1f}", point->x, point->y)
                           : fmt::format("H{:.1f}V{:.1f}", point->x, point->y);
    }
    path += fmt::format("H{:.1f}", size_.width - kRight);
    return fmt::format("<path class=\"frontier\" d=\"{}\"/>", path);
  }

  std::string whiskers() const {
    std::string result;
    for (const Point& point : points_) {
      const std::string name = fmt::format("whisker c{}", point.colour);
      const offline::Interval& success = point.arm->success_of_all.interval;
      result +=
          line(name.c_str(), point.x, height_of(success.low), point.x, height_of(success.high));
      if (const auto& cost = point.arm->usd->interval) {
        result += line(name.c_str(), axis_.at(cost->low), point.y, axis_.at(cost->high), point.y);
      }
    }
    return result;
  }

  std::string marks() const {
    std::string result;
    for (const Point& point : points_) {
      const ArmSummary& arm = *point.arm;
      result += fmt::format(
          "<circle class=\"mark c{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"6\"><title>{}: success {} "
          "{}, "
          "{} USD a task {}</title></circle>",
          point.colour, point.x, point.y, escape(arm.arm.name()), percent(arm.success_of_all.share),
          percent_interval(arm.success_of_all.interval), usd(arm.usd->value),
          usd_interval(arm.usd->interval));
    }
    return result;
  }

  // Each label goes where it hides least: marks, lines and the labels before it.
  std::string labels() const {
    std::vector<Box> taken;
    for (const Point& point : points_) {
      taken.push_back({point.x - 7, point.y - 7, 14, 14});
      const offline::Interval& success = point.arm->success_of_all.interval;
      const double top = height_of(success.high);
      taken.push_back({point.x - 1, top, 2, height_of(success.low) - top});
      if (const auto& cost = point.arm->usd->interval) {
        const double left = axis_.at(cost->low);
        taken.push_back({left, point.y - 1, axis_.at(cost->high) - left, 2});
      }
    }
    std::string result;
    for (const Point& point : points_) {
      const std::string name = point.name.size() > 28 ? point.name.substr(0, 27) + "~" : point.name;
      const double width = kCharacter * static_cast<double>(name.size());
      const std::vector<Box> places{{point.x + 9, point.y - 20, width, 15},
                                    {point.x + 9, point.y + 5, width, 15},
                                    {point.x - 9 - width, point.y - 20, width, 15},
                                    {point.x - 9 - width, point.y + 5, width, 15},
                                    {point.x + 9, point.y - 38, width, 15},
                                    {point.x - 9 - width, point.y + 23, width, 15}};
      const auto cost = [&](const Box& place) {
        double sum = 0;
        for (const Box& box : taken) sum += place.overlap(box);
        const Box inside{kLeft, kTop - 12, size_.width - kLeft - 4, size_.height - kBottom - kTop};
        return sum + 20 * (place.width * place.height - place.overlap(inside));
      };
      const Box place = *std::ranges::min_element(places, {}, cost);
      taken.push_back(place);
      result += fmt::format("<text class=\"label\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", place.x,
                            place.y + 12, escape(name));
    }
    return result;
  }

  const CostSection& section_;
  PlotSize size_;
  std::vector<const ArmSummary*> arms_;
  CostAxis axis_;
  std::vector<Point> points_;
};

}  // namespace

std::string accuracy_cost_plot(const CostSection& section, const PlotSize& size,
                               Standalone standalone) {
  if (Plot::priced(section).empty()) return "";
  return Plot(section, size).text(standalone);
}

std::string short_name(const offline::ArmId& arm, const CostSection& section) {
  const bool shared = std::ranges::all_of(section.arms, [&](const ArmSummary& other) {
    return other.arm.model == section.arms.front().arm.model;
  });
  return plain(shared ? arm.mode : arm.name());
}

std::string plot_style() {
  return R"(.plot{--ink:#1f2328;--soft:#59636e;--line:#d9dee3;--paper:#fff;
--c0:#2a78d6;--c1:#e0602b;--c2:#12936a;--c3:#b57b00;--c4:#cf4f86;--c5:#008300;--c6:#4a3aa7;--c7:#d13a39;
font:13px system-ui,sans-serif}
@media(prefers-color-scheme:dark){.plot{--ink:#e6e9ec;--soft:#9aa4ae;--line:#353c44;--paper:#15181c;
--c0:#4e97ee;--c1:#ee7a45;--c2:#2bb686;--c3:#d99c1e;--c4:#e57aa8;--c5:#3fae3f;--c6:#9b90f0;--c7:#ee7070}}
.plot .paper{fill:var(--paper)}.plot text{fill:var(--ink)}.plot .tick{fill:var(--soft);font-size:12px}
.plot .title{fill:var(--soft)}.plot .label{font-weight:600;paint-order:stroke;stroke:var(--paper);stroke-width:3px}
.plot .grid{stroke:var(--line)}.plot .axis{stroke:var(--soft)}
.plot .frontier{fill:none;stroke:var(--soft);stroke-width:1.5;stroke-dasharray:5 4}
.plot .whisker{stroke-width:2;opacity:.55}.plot .mark{stroke:var(--paper);stroke-width:2}
.plot .c0{--c:var(--c0)}.plot .c1{--c:var(--c1)}.plot .c2{--c:var(--c2)}.plot .c3{--c:var(--c3)}
.plot .c4{--c:var(--c4)}.plot .c5{--c:var(--c5)}.plot .c6{--c:var(--c6)}.plot .c7{--c:var(--c7)}
.plot .whisker{stroke:var(--c)}.plot .mark{fill:var(--c)}
)";
}

}  // namespace pareto::reporting
