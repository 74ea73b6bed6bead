#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "apps/export/turns.h"
#include "apps/report/result_files.h"

namespace pareto::exporting {

// Tokens of one model, and what they cost where its price is known.
struct ModelSpending {
  Usage usage;
  std::optional<Money> cost = Money();  // absent: a call had no price

  ModelSpending& operator+=(const ModelSpending& other);
  friend bool operator==(const ModelSpending&, const ModelSpending&) = default;
};
using Spending = std::map<std::string, ModelSpending>;  // by model

// What a run spent, by model: from its calls or, where there are none, from the row.
Spending spending_of(const reporting::ReportRow& row, const RunTurns* turns);
// As Inspect's ModelUsage, in which input tokens are those that no cache served or stored.
Json to_json(const Spending& spending);

// One run as a sample of an Inspect log.
struct InspectSample {
  std::string id;
  std::int64_t epoch = 1;  // 1 for the first repeat
  Json sample;             // an EvalSample
  Json summary;            // the EvalSampleSummary beside it
  std::optional<Instant> begun_at;
  std::optional<Instant> ended_at;
  Spending spending;
  std::optional<double> score;
};

// `turns` may be null: then there is the row alone. All messages that were ever part of the history
// are written, in their order; a compaction is a message with what it replaces in its metadata.
InspectSample inspect_sample(const reporting::ReportRow& row, const RunTurns* turns);

// A name made of a text: the same for the same text, 22 characters like Inspect's own ids.
std::string inspect_id(const std::string& text);

}  // namespace pareto::exporting
