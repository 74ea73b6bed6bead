#include "apps/bench/readers/records.h"

#include "tests/apps/bench/readers/fixture.h"

namespace pareto {
namespace {

using testing::HasSubstr;

std::string shown(const Result<std::vector<Record>>& records) {
  if (!records) return "error: " + records.error().message;
  std::string text;
  for (const Record& record : *records) text += record.where + " " + dump_json(record.value) + "\n";
  return text;
}

TEST(JsonRecordsTest, ReadsLinesAndArrays) {
  EXPECT_EQ(shown(json_records("\xef\xbb\xbf{\"a\": 1}\n\n{\"a\": 2}\r\n")),
            "line 1 {\"a\":1}\nline 3 {\"a\":2}\n");
  EXPECT_EQ(shown(json_records(" [{\"a\": 1},\n {\"a\": 2}]\n")),
            "item 1 {\"a\":1}\nitem 2 {\"a\":2}\n");
  EXPECT_EQ(shown(json_records("")), "");
}

TEST(JsonRecordsTest, NamesThePlaceOfWhatIsWrong) {
  EXPECT_THAT(shown(json_records("{\"a\": 1}\n{\"a\": \n")), HasSubstr("error: line 2: not valid"));
  EXPECT_THAT(shown(json_records("{}\n\n5\n")), HasSubstr("error: line 3: expected a JSON object"));
  EXPECT_THAT(shown(json_records("[{}, 5]")), HasSubstr("error: item 2: expected a JSON object"));
  EXPECT_THAT(shown(json_records("[{}, ")), HasSubstr("error: not valid JSON"));
  EXPECT_THAT(shown(json_records(std::string(100'000, '['))), HasSubstr("error: "));
}

TEST(CsvRecordsTest, ReadsQuotesAndLineEndsWithinThem) {
  EXPECT_EQ(shown(csv_records("a,b\r\n1,\"x, \"\"y\"\"\nz\"\r\n\r\n2,\n\"\",3")),
            "line 2 {\"a\":\"1\",\"b\":\"x, \\\"y\\\"\\nz\"}\n"
            "line 5 {\"a\":\"2\",\"b\":\"\"}\n"
            "line 6 {\"a\":\"\",\"b\":\"3\"}\n");
  EXPECT_EQ(shown(csv_records("a,b\n")), "");
}

TEST(CsvRecordsTest, NamesTheLineOfWhatIsWrong) {
  EXPECT_THAT(shown(csv_records("a,b\n1,2\n3\n")),
              HasSubstr("error: line 3: expected 2 cells as in the header; found 1"));
  EXPECT_THAT(shown(csv_records("a,b\n1,\"2\n\n3,4\n")),
              HasSubstr("error: line 2: a quote is opened and never closed"));
  EXPECT_THAT(shown(csv_records("a,b\n\"1\"x,2\n")), HasSubstr("error: line 2: expected a comma"));
}

TEST(TasksOfTest, RefusesAnIdTwiceAndASourceWithoutARecord) {
  const auto make = [](JsonFields& fields, std::size_t) {
    return done(fields, Task{.id = fields.text("id"), .prompt = "p"});
  };
  const auto error = [&](const std::string& text) {
    auto tasks = tasks_of(json_records(text), "test", make);
    return tasks ? "(no error)" : tasks.error().message;
  };
  EXPECT_EQ(error("{\"id\": \"a\"}\n{\"id\": \"b\"}\n"), "(no error)");
  EXPECT_EQ(error("{\"id\": \"a\"}\n{\"id\": \"a\"}\n"), "line 2: the id \"a\" was used before");
  EXPECT_EQ(error("{\"id\": 5}\n"), "line 1: test: \"id\": expected a string; found number");
  EXPECT_EQ(error("\n"), "no task in it");
}

TEST(ReadersTest, AnUnknownFormatNamesTheNearest) {
  auto found = find_reader("gsm8");
  ASSERT_FALSE(found);
  EXPECT_THAT(found.error().message, HasSubstr("did you mean \"gsm8k\"?"));
  ASSERT_TRUE(find_reader("hotpotqa"));
  EXPECT_EQ((*find_reader("hotpotqa"))->format, "hotpotqa");
}

TEST(ReadersTest, WhatIsNoBenchmarkIsNotRecognised) {
  for (const char* text : {"", "\n", "{}", "[]", "[1]", "a,b\n1,2\n", "{\"id\": \"a\", \"x\": 1}",
                           "{\"question\": \"q\", \"answer\": 5}", "{\"question\"", "\xff\xfe"}) {
    EXPECT_EQ(recognised(text), "(none)") << text;
  }
}

}  // namespace
}  // namespace pareto
