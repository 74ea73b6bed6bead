#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "apps/export/turns.h"
#include "tests/support/pure_driver.h"

namespace pareto::exporting {

inline std::vector<Event> golden_events(const std::string& name) {
  return testing::read_events(std::string(PARETO_EVENTS) + "/" + name + ".jsonl");
}

inline RunTurns turns_of_golden(const std::string& name) {
  auto turns = turns_of(golden_events(name));
  EXPECT_TRUE(turns.has_value()) << (turns ? "" : turns.error().message);
  return std::move(*turns);
}

// The events of agentic_repair up to its first step, which a crash cut off; another owner closed
// it.
inline std::vector<Event> interrupted_events() {
  std::vector<Event> events = golden_events("agentic_repair");
  events.resize(9);
  auto run = *Run::replay(events);
  std::vector<Payload> payloads{Resumed{"another process"}};
  for (Payload& payload : close_interrupted(run, {})) payloads.push_back(std::move(payload));
  for (Payload& payload : payloads) {
    events.push_back({run->seq + 1, run->last_at + Milliseconds(5'000), std::move(payload)});
    EXPECT_TRUE(run.apply(events.back()).has_value());
  }
  return events;
}

// Compares a whole document with golden/NAME; PARETO_UPDATE_GOLDEN=1 writes it anew.
inline void expect_golden(const std::string& name, const Json& document) {
  const std::string path = std::string(PARETO_GOLDEN) + "/" + name;
  const std::string text = document.dump(1) + "\n";
  if (std::getenv("PARETO_UPDATE_GOLDEN") != nullptr) {  // NOLINT(concurrency-mt-unsafe)
    std::ofstream(path) << text;
  }
  std::ifstream file(path);
  std::stringstream golden;
  golden << file.rdbuf();
  EXPECT_EQ(golden.str(), text) << path;
}

}  // namespace pareto::exporting
