#pragma once

#include <optional>
#include <vector>

#include "agent/core/random.h"
#include "policies/offline/result_table.h"

namespace pareto::offline {

// Tasks against arms: P(arm b solves task i) = sigmoid(ability_b - difficulty_i), with Gaussian
// priors around 0. The itemised bipartite Bradley-Terry model of "Benchmarking at the Edge of
// Comprehension" (arXiv 2602.14307), here without authors; as item response theory has it, the
// Rasch model. It ranks arms that ran different tasks, with unequal repeats and missing cells.
struct BradleyTerryOptions {
  double ability_deviation = 5;     // of the prior, on the log-odds scale
  double difficulty_deviation = 5;  // likewise
  int iterations = 2000;
  double tolerance = 1e-9;  // largest change of a parameter in the last iteration
};

struct Ability {
  ArmId arm;
  double ability = 0;  // log-odds; all abilities sum to 0
  // Of the ability, from the curvature at the maximum (Laplace), difficulties included.
  double standard_error = 0;
};

struct BradleyTerry {
  std::vector<Ability> arms;         // best first
  std::vector<double> difficulties;  // in the order of the table's tasks, on the abilities' scale
  bool converged = false;
};

// Maximum a posteriori by coordinate-wise Newton steps; the posterior is strictly concave.
BradleyTerry fit_bradley_terry(const ResultTable& table, const BradleyTerryOptions& options = {});

// Whether the model says anything: mean log loss (nats a run) of the cells that each fold leaves
// out, beside that of predicting the success rate of the other folds.
struct HeldOut {
  double log_loss = 0;
  double base_rate_log_loss = 0;
};

// Folds over cells, drawn at random. Nothing with fewer cells than folds.
std::optional<HeldOut> held_out_loss(const ResultTable& table, int folds, Random& random,
                                     const BradleyTerryOptions& options = {});

}  // namespace pareto::offline
