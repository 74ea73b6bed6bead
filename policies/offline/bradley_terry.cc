#include "policies/offline/bradley_terry.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace pareto::offline {
namespace {

struct Game {
  std::size_t arm = 0;
  std::size_t task = 0;
  double runs = 0;
  double passes = 0;
};

struct Parameters {
  std::vector<double> abilities;
  std::vector<double> difficulties;
};

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

std::vector<Game> games_of(const ResultTable& table) {
  std::vector<Game> games;
  for (std::size_t arm = 0; arm < table.arms().size(); ++arm) {
    for (std::size_t task = 0; task < table.tasks().size(); ++task) {
      const Cell& cell = table.cell(arm, task);
      if (cell.counted == 0) continue;
      games.push_back({arm, task, static_cast<double>(cell.counted), cell.successes});
    }
  }
  return games;
}

// One Newton step of every parameter of one side; the other side stands still, so that they don't
// depend on one another. `sign` is 1 for abilities and -1 for difficulties.
double step(const std::vector<Game>& games, const Parameters& at, double sign, double deviation,
            std::vector<double>& side) {
  const double precision = 1 / (deviation * deviation);
  std::vector<double> slope(side.size());
  std::vector<double> curvature(side.size(), precision);
  for (std::size_t i = 0; i < side.size(); ++i) slope[i] = -side[i] * precision;
  for (const Game& game : games) {
    const double p = sigmoid(at.abilities[game.arm] - at.difficulties[game.task]);
    const std::size_t i = sign > 0 ? game.arm : game.task;
    slope[i] += sign * (game.passes - game.runs * p);
    curvature[i] += game.runs * p * (1 - p);
  }
  double largest = 0;
  for (std::size_t i = 0; i < side.size(); ++i) {
    // Far from the maximum the sigmoid is flat and a full step would overshoot.
    const double change = std::clamp(slope[i] / curvature[i], -1.0, 1.0);
    side[i] += change;
    largest = std::max(largest, std::abs(change));
  }
  return largest;
}

double weighted_sum(const std::vector<double>& values, double deviation) {
  double sum = 0;
  for (const double value : values) sum += value / (deviation * deviation);
  return sum;
}

// Moving both sides by the same amount changes no probability, only the priors: done at once, since
// alternating steps would creep there.
double shift(Parameters& parameters, const BradleyTerryOptions& options) {
  const double a = options.ability_deviation;
  const double d = options.difficulty_deviation;
  const double weight = static_cast<double>(parameters.abilities.size()) / (a * a) +
                        static_cast<double>(parameters.difficulties.size()) / (d * d);
  const double change =
      -(weighted_sum(parameters.abilities, a) + weighted_sum(parameters.difficulties, d)) / weight;
  for (double& ability : parameters.abilities) ability += change;
  for (double& difficulty : parameters.difficulties) difficulty += change;
  return std::abs(change);
}

struct Fit {
  Parameters parameters;
  bool converged = false;
};

Fit fit(const std::vector<Game>& games, std::size_t arms, std::size_t tasks,
        const BradleyTerryOptions& options) {
  Fit result{.parameters = {std::vector<double>(arms), std::vector<double>(tasks)}};
  Parameters& at = result.parameters;
  if (arms == 0 || tasks == 0) return result;
  for (int i = 0; i < options.iterations && !result.converged; ++i) {
    double change = step(games, at, 1, options.ability_deviation, at.abilities);
    change = std::max(change, step(games, at, -1, options.difficulty_deviation, at.difficulties));
    change = std::max(change, shift(at, options));
    result.converged = change < options.tolerance;
  }
  return result;
}

using Matrix = std::vector<std::vector<double>>;

// The inverse of a positive definite matrix, by Gauss and Jordan, which needs no pivots for one.
Matrix inverse(Matrix matrix) {
  const std::size_t size = matrix.size();
  Matrix result(size, std::vector<double>(size));
  for (std::size_t i = 0; i < size; ++i) result[i][i] = 1;
  for (std::size_t pivot = 0; pivot < size; ++pivot) {
    const double scale = 1 / matrix[pivot][pivot];
    for (std::size_t column = 0; column < size; ++column) {
      matrix[pivot][column] *= scale;
      result[pivot][column] *= scale;
    }
    for (std::size_t row = 0; row < size; ++row) {
      if (row == pivot) continue;
      const double factor = matrix[row][pivot];
      for (std::size_t column = 0; column < size; ++column) {
        matrix[row][column] -= factor * matrix[pivot][column];
        result[row][column] -= factor * result[pivot][column];
      }
    }
  }
  return result;
}

// The curvature of the abilities once the difficulties are integrated out: the Schur complement of
// the Hessian, whose block of difficulties is diagonal.
Matrix ability_curvature(const std::vector<Game>& games, const Parameters& at,
                         const BradleyTerryOptions& options) {
  const std::size_t arms = at.abilities.size();
  const std::size_t tasks = at.difficulties.size();
  const double ability_precision = std::pow(options.ability_deviation, -2);
  std::vector<double> of_task(tasks, std::pow(options.difficulty_deviation, -2));
  Matrix weight(tasks, std::vector<double>(arms));
  Matrix curvature(arms, std::vector<double>(arms));
  for (std::size_t arm = 0; arm < arms; ++arm) curvature[arm][arm] = ability_precision;
  for (const Game& game : games) {
    const double p = sigmoid(at.abilities[game.arm] - at.difficulties[game.task]);
    weight[game.task][game.arm] = game.runs * p * (1 - p);
    of_task[game.task] += weight[game.task][game.arm];
    curvature[game.arm][game.arm] += weight[game.task][game.arm];
  }
  for (std::size_t task = 0; task < tasks; ++task) {
    for (std::size_t a = 0; a < arms; ++a) {
      for (std::size_t b = 0; b < arms; ++b) {
        curvature[a][b] -= weight[task][a] * weight[task][b] / of_task[task];
      }
    }
  }
  return curvature;
}

// Standard errors of abilities minus their mean.
std::vector<double> centred_errors(const Matrix& covariance) {
  const auto size = static_cast<double>(covariance.size());
  std::vector<double> row_means(covariance.size());
  double mean = 0;
  for (std::size_t i = 0; i < covariance.size(); ++i) {
    for (const double value : covariance[i]) row_means[i] += value / size;
    mean += row_means[i] / size;
  }
  std::vector<double> errors(covariance.size());
  for (std::size_t i = 0; i < covariance.size(); ++i) {
    errors[i] = std::sqrt(std::max(0.0, covariance[i][i] - 2 * row_means[i] + mean));
  }
  return errors;
}

double log_loss(const Game& game, double p) {
  const double safe = std::clamp(p, 1e-12, 1 - 1e-12);
  return -game.passes * std::log(safe) - (game.runs - game.passes) * std::log(1 - safe);
}

}  // namespace

BradleyTerry fit_bradley_terry(const ResultTable& table, const BradleyTerryOptions& options) {
  const std::vector<Game> games = games_of(table);
  Fit found = fit(games, table.arms().size(), table.tasks().size(), options);
  BradleyTerry result{.converged = found.converged};
  if (table.arms().empty()) return result;
  const std::vector<double> errors =
      centred_errors(inverse(ability_curvature(games, found.parameters, options)));
  double mean = 0;
  for (const double ability : found.parameters.abilities) {
    mean += ability / static_cast<double>(found.parameters.abilities.size());
  }
  for (std::size_t arm = 0; arm < errors.size(); ++arm) {
    result.arms.push_back({table.arms()[arm], found.parameters.abilities[arm] - mean, errors[arm]});
  }
  std::ranges::sort(result.arms, {},
                    [](const Ability& each) { return std::pair(-each.ability, each.arm); });
  for (const double difficulty : found.parameters.difficulties) {
    result.difficulties.push_back(difficulty - mean);
  }
  return result;
}

std::optional<HeldOut> held_out_loss(const ResultTable& table, int folds, Random& random,
                                     const BradleyTerryOptions& options) {
  std::vector<Game> games = games_of(table);
  if (folds < 2 || games.size() < static_cast<std::size_t>(folds)) return std::nullopt;
  for (std::size_t i = games.size(); i > 1; --i) {
    std::swap(games[i - 1], games[random.next() % i]);
  }
  HeldOut result;
  double runs = 0;
  for (int fold = 0; fold < folds; ++fold) {
    std::vector<Game> kept;
    double kept_runs = 0;
    double kept_passes = 0;
    for (std::size_t i = 0; i < games.size(); ++i) {
      if (i % static_cast<std::size_t>(folds) == static_cast<std::size_t>(fold)) continue;
      kept.push_back(games[i]);
      kept_runs += games[i].runs;
      kept_passes += games[i].passes;
    }
    const Fit found = fit(kept, table.arms().size(), table.tasks().size(), options);
    for (std::size_t i = static_cast<std::size_t>(fold); i < games.size();
         i += static_cast<std::size_t>(folds)) {
      const Game& game = games[i];
      const Parameters& at = found.parameters;
      runs += game.runs;
      result.log_loss +=
          log_loss(game, sigmoid(at.abilities[game.arm] - at.difficulties[game.task]));
      result.base_rate_log_loss += log_loss(game, kept_passes / kept_runs);
    }
  }
  result.log_loss /= runs;
  result.base_rate_log_loss /= runs;
  return result;
}

}  // namespace pareto::offline
