#include "agent/text/features.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

namespace pareto {
namespace {

Task task_of(std::string prompt) {
  Task task;
  task.id = "t";
  task.prompt = std::move(prompt);
  return task;
}

TEST(FeaturesTest, AnEmptyTaskHasOnlyZeros) {
  EXPECT_EQ(features_of(Task{}, Briefing{}), TaskFeatures{});
}

TEST(FeaturesTest, ReadsARepairTask) {
  Task task = task_of("tests.py fails. Fix the bug in gcd.py.");
  task.files = {{"gcd.py", "12345"}, {"tests.py", "123"}, {"notes.md", ""}};
  task.verify = CheckCommand{.command = "python3 tests.py"};
  TaskFeatures expected;
  expected.log_bytes = std::log1p(38);
  expected.log_words = std::log1p(9);
  expected.repair_words = 3;  // fails, fix, bug
  expected.file_names = 2;
  expected.has_verifier = 1;
  expected.log_files = std::log1p(3);
  expected.log_file_bytes = std::log1p(8);
  expected.code_files = 2;
  expected.prose_files = 1;
  expected.test_files = 1;
  EXPECT_EQ(to_json(features_of(task, Briefing{})).dump(1), to_json(expected).dump(1));
}

TEST(FeaturesTest, WhatWasBriefedCountsInPlaceOfTheTasksOwnFiles) {
  Task task = task_of("Improve it.");
  task.files = {{"a.py", "x"}};
  Briefing briefing;
  briefing.files = {{"b.cc", "int x;"}};
  briefing.omitted = {"big.json", "c.cc"};
  briefing.total_files = 3;
  briefing.total_bytes = 50'000;
  briefing.check_output = "1 failed";
  const TaskFeatures features = features_of(task, briefing);
  EXPECT_EQ(features.code_files, 2);
  EXPECT_EQ(features.data_files, 1);
  EXPECT_EQ(features.omitted_files, 2);
  EXPECT_EQ(features.check_fails, 1);
  EXPECT_DOUBLE_EQ(features.log_files, std::log1p(3));
  EXPECT_DOUBLE_EQ(features.log_file_bytes, std::log1p(50'000));
}

TEST(FeaturesTest, ReadsCuesOfThePrompt) {
  const TaskFeatures features = features_of(
      task_of("Questions?\n1. How many dollars?\n- Prove it: \\frac{1}{2}\n(A) yes (B) no\n"
              "B) or\nsee https://example.com ```code``` today, summarise whose é"),
      Briefing{});
  EXPECT_EQ(features.questions, 2);
  EXPECT_EQ(features.parts, 2);
  EXPECT_EQ(features.choices, 2);
  EXPECT_EQ(features.arithmetic_words, 2);   // "dollars", "how many"
  EXPECT_EQ(features.mathematics_words, 2);  // "prove", "\frac"
  EXPECT_EQ(features.urls, 1);
  EXPECT_EQ(features.code_fences, 2);
  EXPECT_EQ(features.code_words, 1);
  EXPECT_EQ(features.recency_words, 1);
  EXPECT_EQ(features.summary_words, 1);
  EXPECT_EQ(features.hop_words, 1);
  EXPECT_EQ(features.question_words, 2);
  EXPECT_EQ(features.numbers, 3);
  EXPECT_GT(features.wide_share, 0);
}

TEST(FeaturesTest, TheLabelIsNoFeature) {
  Task task = task_of("Say hello.");
  const TaskFeatures before = features_of(task, Briefing{});
  task.label = "repair";
  task.id = "arithmetic-17";
  task.score = R"({"type":"number"})";
  task.metadata = R"({"class":"math"})";
  EXPECT_EQ(features_of(task, Briefing{}), before);
}

TEST(FeaturesTest, NamesAreUniqueAndAllAreWrittenInOrder) {
  const Json json = to_json(features_of(task_of("x"), Briefing{}));
  std::set<std::string> names;
  auto item = json.begin();
  EXPECT_EQ(item.key(), "version");
  for (const FeatureField& field : feature_fields()) {
    ++item;
    EXPECT_EQ(item.key(), field.name);
    names.insert(std::string(field.name));
  }
  EXPECT_EQ(names.size(), feature_fields().size());
  EXPECT_EQ(json.size(), names.size() + 1);
}

TEST(FeaturesTest, SurvivesBytesThatAreNoText) {
  std::string bytes;
  for (int i = 0; i < 70'000; ++i) bytes += static_cast<char>(i * 7);
  const TaskFeatures features = features_of(task_of(bytes), Briefing{});
  EXPECT_DOUBLE_EQ(features.log_bytes, std::log1p(70'000));
}

}  // namespace
}  // namespace pareto
