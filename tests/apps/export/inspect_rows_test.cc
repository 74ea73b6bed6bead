#include "apps/export/inspect_rows.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include <nlohmann/json.hpp>

#include "agent/core/json_text.h"

namespace pareto::exporting {
namespace {

const Instant kAt = instant_from_ms(1'700'000'000'000);

Json header() {
  return {{"version", 2},
          {"status", "success"},
          {"eval", {{"task", "gsm8k"}, {"solver", "react"}, {"model", "openai/m"}}},
          {"plan", {{"steps", {{{"solver", "one"}}, {{"solver", "two"}}}}}},
          {"results", {{"scores", {{{"name", "match"}, {"scorer", "match"}}}}}}};
}

Json summary() {
  return {{"id", "q1"},
          {"epoch", 2},
          {"scores", {{"match", {{"value", "C"}}}}},
          {"model_usage",
           {{"openai/m",
             {{"input_tokens", 60},
              {"input_tokens_cache_read", 30},
              {"input_tokens_cache_write", 10},
              {"output_tokens", 7},
              {"reasoning_tokens", 3},
              {"total_cost", 0.00125}}}}},
          {"working_time", 2.5},
          {"total_time", 9.0},
          {"turn_count", 4}};
}

Result<InspectRows> read(std::vector<ZipEntry> entries) {
  const std::string bytes = *zip_archive(entries, kAt);
  auto archive = ZipReader::of_bytes(bytes, "FILE");
  if (!archive) return std::unexpected(archive.error());
  return read_inspect_log(*archive, "FILE");
}

Result<InspectRows> read(const Json& head, const Json& summaries) {
  return read({{"header.json", dump_json(head)}, {"summaries.json", dump_json(summaries)}});
}

// The one row of a log with this summary.
Json row_of(const Json& sample, const Json& head = header()) {
  auto rows = read(head, Json::array({sample}));
  EXPECT_TRUE(rows.has_value()) << (rows ? "" : rows.error().message);
  return rows ? rows->rows.at(0) : Json();
}

TEST(InspectRowsTest, ASampleIsARow) {
  EXPECT_EQ(row_of(summary()), Json({{"schema", 1},
                                     {"suite", "gsm8k"},
                                     {"suite_hash", nullptr},
                                     {"task", "q1"},
                                     {"class", nullptr},
                                     {"repeat", 1},
                                     {"mode", "inspect:react"},
                                     {"model", "openai/m"},
                                     {"status", "success"},
                                     {"reason", "unverified"},
                                     {"score", 1.0},
                                     {"turns", 4},
                                     {"seconds", 2.5},
                                     {"run", nullptr},
                                     {"error", nullptr},
                                     {"prompt_tokens", 100},
                                     {"cached_prompt_tokens", 30},
                                     {"completion_tokens", 7},
                                     {"reasoning_tokens", 3},
                                     {"cost_usd", "0.001250000"},
                                     {"cost_known", true}}));
}

TEST(InspectRowsTest, ScoresBecomeNumbersOfZeroToOne) {
  const std::vector<std::pair<Json, Json>> cases{{"C", 1.0},
                                                 {"I", 0.0},
                                                 {"P", 0.5},
                                                 {"N", 0.0},
                                                 {true, 1.0},
                                                 {false, 0.0},
                                                 {1, 1.0},
                                                 {0.25, 0.25},
                                                 {"0.25", 0.25},
                                                 {"Yes", 1.0},
                                                 {"no", 0.0},
                                                 {7, nullptr},
                                                 {-1, nullptr},
                                                 {"good", nullptr},
                                                 {"", nullptr},
                                                 {"nan", nullptr},
                                                 {Json::array({1}), nullptr},
                                                 {nullptr, nullptr}};
  for (const auto& [value, expected] : cases) {
    Json sample = summary();
    sample["scores"]["match"]["value"] = value;
    EXPECT_EQ(row_of(sample)["score"], expected) << value;
  }
}

TEST(InspectRowsTest, ScoresThatAreNoneAreCountedInANote) {
  Json sample = summary();
  sample["scores"]["match"]["value"] = 7;
  const auto rows = read(header(), Json::array({sample, sample}));
  EXPECT_EQ(rows->notes, std::vector<std::string>{
                             "FILE: 2 samples have a score (match) that is no number of 0..1; they "
                             "count as unscored"});
}

TEST(InspectRowsTest, TheHeadlineScoreCounts) {
  Json head = header();
  head["results"]["scores"] =
      Json::array({{{"name", "match"}, {"scorer", "match"}}, {{"name", "b"}, {"scorer", "parts"}}});
  head["results"]["headline"] = {{"score", "b"}};
  Json sample = summary();
  sample["scores"]["parts"]["value"] = {{"a", 0}, {"b", 0.75}};
  EXPECT_EQ(row_of(sample, head)["score"], 0.75);
}

TEST(InspectRowsTest, ErrorsAndLimitsAreSaid) {
  Json sample = summary();
  sample["limit"] = "cost";
  EXPECT_EQ(row_of(sample)["status"], "limit");
  EXPECT_EQ(row_of(sample)["reason"], "usd");
  sample["error"] = "boom";
  const Json row = row_of(sample);
  EXPECT_EQ(row["status"], "error");
  EXPECT_EQ(row["error"], "boom");
  EXPECT_EQ(row["score"], nullptr);
}

TEST(InspectRowsTest, ACostThatIsNotThereIsUnknown) {
  Json sample = summary();
  sample["model_usage"]["openai/m"].erase("total_cost");
  EXPECT_EQ(row_of(sample)["cost_known"], false);
  EXPECT_EQ(row_of(sample)["cost_usd"], nullptr);
  EXPECT_EQ(row_of(sample)["prompt_tokens"], 100);
  sample["model_usage"] = Json::object();
  EXPECT_EQ(row_of(sample)["cost_known"], false);
}

TEST(InspectRowsTest, ALogWithoutASolverIsNamedByItsPlan) {
  Json head = header();
  head["eval"].erase("solver");
  EXPECT_EQ(row_of(summary(), head)["mode"], "inspect:one+two");
  head.erase("plan");
  EXPECT_EQ(row_of(summary(), head)["mode"], "inspect:generate");
}

TEST(InspectRowsTest, OlderSummariesAreCompletedFromTheirSamples) {
  Json old = summary();
  old.erase("model_usage");
  old["id"] = 17;
  Json sample = summary();
  sample["id"] = 17;
  const auto rows = read({{"header.json", dump_json(header())},
                          {"summaries.json", dump_json(Json::array({old}))},
                          {"samples/17_epoch_2.json", dump_json(sample)}});
  ASSERT_TRUE(rows.has_value()) << rows.error().message;
  EXPECT_EQ(rows->rows[0]["task"], "17");
  EXPECT_EQ(rows->rows[0]["prompt_tokens"], 100);
}

TEST(InspectRowsTest, ALogThatWasNotFinishedHasItsSummariesInPieces) {
  Json start = header();
  start.erase("status");
  Json other = summary();
  other["id"] = "q2";
  const auto rows = read({{"_journal/start.json", dump_json(start)},
                          {"_journal/summaries/1.json", dump_json(Json::array({summary()}))},
                          {"_journal/summaries/2.json", dump_json(Json::array({other}))}});
  ASSERT_TRUE(rows.has_value()) << rows.error().message;
  EXPECT_EQ(rows->rows.size(), 2U);
  EXPECT_EQ(rows->notes, std::vector<std::string>{
                             "FILE: the log's status is \"started\": samples may be missing"});
}

TEST(InspectRowsTest, ALogWithSamplesAloneIsReadFromThem) {
  Json sample = summary();
  sample["error"] = {{"message", "boom"}};
  const auto rows =
      read({{"header.json", dump_json(header())}, {"samples/q1_epoch_2.json", dump_json(sample)}});
  ASSERT_TRUE(rows.has_value()) << rows.error().message;
  EXPECT_EQ(rows->rows.at(0)["error"], "boom");
}

TEST(InspectRowsTest, ConstantsOfPythonAreNull) {
  EXPECT_EQ(without_constants(R"({"a":NaN,"b":[-Infinity,Infinity],"c":"NaN \"Infinity"})"),
            R"({"a":null,"b":[null,null],"c":"NaN \"Infinity"})");
  const auto rows =
      read({{"header.json", dump_json(header())},
            {"summaries.json", R"([{"id":"q","epoch":1,"scores":{"match":{"value":NaN}},)"
                               R"("model_usage":{}}])"}});
  ASSERT_TRUE(rows.has_value()) << rows.error().message;
  EXPECT_EQ(rows->rows[0]["score"], nullptr);
  EXPECT_EQ(rows->notes, std::vector<std::string>{});
}

TEST(InspectRowsTest, ErrorsNameTheFileAndTheEntry) {
  const auto error_of = [](std::vector<ZipEntry> entries) {
    return read(std::move(entries)).error().message;
  };
  const ZipEntry good{"header.json", dump_json(header())};
  EXPECT_EQ(error_of({{"other", "{}"}}),
            "FILE: expected a log of Inspect AI, found an archive without header.json");
  EXPECT_EQ(error_of({{"header.json", "{}"}}), "FILE: entry header.json: expected eval.task");
  EXPECT_TRUE(error_of({{"header.json", "{"}}).starts_with("FILE: entry header.json: "));
  EXPECT_TRUE(error_of({good, {"summaries.json", "[1"}}).starts_with("FILE: entry summaries.json"));
  EXPECT_EQ(error_of({good, {"summaries.json", "{}"}}),
            "FILE: entry summaries.json: expected a list");
  EXPECT_EQ(error_of({good, {"summaries.json", "[3]"}}),
            "FILE: entry summaries.json: expected a sample with id and epoch");
  EXPECT_EQ(error_of({good, {"summaries.json", R"([{"id":"a","epoch":-1}])"}}),
            "FILE: entry summaries.json: expected a sample with id and epoch");
}

// Numbers in the byte order of zip files.
std::string little(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 0xff);
  return text;
}

// An archive with these entries, compressed with Zstandard as Inspect does, in two frames each.
std::string zstd_archive(const std::vector<ZipEntry>& entries) {
  std::string files;
  std::string directory;
  for (const ZipEntry& entry : entries) {
    std::string data;
    const std::size_t half = entry.text.size() / 2;
    for (const std::string& part : {entry.text.substr(0, half), entry.text.substr(half)}) {
      std::string frame(ZSTD_compressBound(part.size()), '\0');
      frame.resize(ZSTD_compress(frame.data(), frame.size(), part.data(), part.size(), 3));
      data += frame;
    }
    const std::string common = little(0, 2) + little(93, 2) + little(0, 4) + little(0, 4) +
                               little(data.size(), 4) + little(entry.text.size(), 4) +
                               little(entry.name.size(), 2) + little(0, 2);
    directory += "PK\1\2" + little(63, 2) + little(63, 2) + common + little(0, 2) + little(0, 4) +
                 little(0, 4) + little(files.size(), 4) + entry.name;
    files += "PK\3\4" + little(63, 2) + common + entry.name + data;
  }
  return files + directory + "PK\5\6" + little(0, 4) + little(entries.size(), 2) +
         little(entries.size(), 2) + little(directory.size(), 4) + little(files.size(), 4) +
         little(0, 2);
}

TEST(InspectRowsTest, LogsCompressedWithZstandardAreRead) {
  const std::string bytes = zstd_archive({{"header.json", dump_json(header())},
                                          {"summaries.json", dump_json(Json::array({summary()}))},
                                          {"bomb", std::string(8 << 20, 'x')}});
  auto archive = ZipReader::of_bytes(bytes, "FILE");
  ASSERT_TRUE(archive.has_value()) << archive.error().message;
  const auto rows = read_inspect_log(*archive, "FILE");
  ASSERT_TRUE(rows.has_value()) << rows.error().message;
  EXPECT_EQ(rows->rows.at(0), row_of(summary()));
  EXPECT_EQ(archive->read("bomb", 100'000).error().code, ErrorCode::limit);
  EXPECT_EQ(archive->read("bomb", 8 << 20)->size(), std::size_t{8} << 20);
}

TEST(InspectRowsTest, DamagedZstandardIsAnError) {
  std::string bytes = zstd_archive({{"a", std::string(1'000, 'x') + "y"}});
  bytes[31 + 4] ^= 0x7f;  // in the first frame
  auto archive = ZipReader::of_bytes(bytes, "FILE");
  ASSERT_TRUE(archive.has_value());
  EXPECT_EQ(archive->read("a", 10'000).error().code, ErrorCode::invalid);
}

}  // namespace
}  // namespace pareto::exporting
