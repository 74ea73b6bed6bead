#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "agent/core/json_text.h"
#include "apps/bench/readers/reader.h"
#include "apps/bench/scorer.h"

namespace pareto {

inline Result<ForeignTasks> read_as(const Reader& reader, const std::string& text,
                                    Json options = Json::object()) {
  return reader.read({.text = text, .options = std::move(options)});
}

// The tasks; each must have a scorer that can work, or none.
inline std::vector<Task> tasks_as(const Reader& reader, const std::string& text,
                                  Json options = Json::object()) {
  auto read = read_as(reader, text, std::move(options));
  if (!read) {
    ADD_FAILURE() << read.error().message;
    return {};
  }
  for (const Task& task : read->tasks) {
    const auto good = check_score(task.score);
    EXPECT_TRUE(good) << task.id << ": " << good.error().message;
  }
  return read->tasks;
}

inline std::string error_as(const Reader& reader, const std::string& text,
                            Json options = Json::object()) {
  auto read = read_as(reader, text, std::move(options));
  if (read) return "(no error)";
  EXPECT_EQ(read.error().code, ErrorCode::invalid);
  return read.error().message;
}

// The format that a text is recognised as, or "(none)".
inline std::string recognised(const std::string& text) {
  const Reader* reader = recognise({.text = text});
  return reader == nullptr ? "(none)" : std::string(reader->format);
}

inline Json metadata_of(const Task& task) { return parse_json(task.metadata).value_or(Json()); }
inline Json score_of(const Task& task) { return parse_json(task.score).value_or(Json()); }

}  // namespace pareto
