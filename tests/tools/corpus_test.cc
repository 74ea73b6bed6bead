#include "tools/corpus/corpus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/tools/fixture.h"
#include "tools/builtin/open.h"
#include "tools/builtin/search.h"
#include "tools/corpus/links.h"
#include "tools/corpus/terms.h"

namespace pareto {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

class CorpusTest : public ToolTest {
 protected:
  CorpusTest() {
    workspace.write("c.jsonl",
                    R"({"id": 1, "title": "Rome", "text": "Rome is the capital of Italy."})"
                    "\n\n"
                    R"({"id": "b", "title": "Paris", "text": "Paris is the capital of France."})"
                    "\n"
                    R"({"title": "Zürich", "text": "Zürich lies on a lake. Rome is far."})"
                    "\n");
    corpus = workspace / "c.jsonl";
  }
  std::vector<std::string> titles(const std::string& query, int limit = 5) {
    std::vector<std::string> found;
    const auto hits = corpora.open(corpus).value()->search(query, limit).value();
    for (const auto& hit : hits) found.push_back(hit.passage.title);
    return found;
  }
};

TEST_F(CorpusTest, FindsTheBestPassageFirst) {
  EXPECT_THAT(titles("What is the capital of Italy?"), ElementsAre("Rome", "Paris"));
  EXPECT_THAT(titles("rome"), ElementsAre("Rome", "Zürich"));
  EXPECT_THAT(titles("lakes", 1), ElementsAre("Zürich"));
  EXPECT_THAT(titles("zurich", 1), ElementsAre("Zürich"));
  EXPECT_THAT(titles("capital", 1), SizeIs(1));
}

TEST_F(CorpusTest, AddsThePassagesThatGoodOnesName) {
  EXPECT_THAT(titles("lake"), ElementsAre("Zürich", "Rome"));
}

TEST_F(CorpusTest, AnyTextIsAQuery) {
  for (const std::string query :
       {"\"", "a OR NOT (b", "title:rome", "*", "^", "rome AND", "NEAR(a b)", "-", "", "\xff\xfe",
        "ro\0me", "'; DROP TABLE passage; --"}) {
    EXPECT_TRUE(corpora.open(corpus).value()->search(query, 5).has_value()) << query;
  }
  EXPECT_THAT(titles("title:rome \" OR"), ElementsAre("Rome", "Zürich"));
}

TEST_F(CorpusTest, OpensByIdTitleOrLine) {
  const auto opened = corpora.open(corpus).value();
  EXPECT_EQ(opened->size(), 3);
  EXPECT_EQ(opened->open("1").value().title, "Rome");
  EXPECT_EQ(opened->open("paris").value().id, "b");
  EXPECT_EQ(opened->open("4").value().title, "Zürich");
  EXPECT_THAT(opened->open("the lake").error().message,
              HasSubstr("There is no passage the lake. Passages like it: 4 (Zürich);"));
}

TEST_F(CorpusTest, NamesALineThatIsNoPassage) {
  workspace.write("bad.jsonl", "{\"text\": \"a\"}\n{\"text\": 1}\n");
  EXPECT_THAT(corpora.open(workspace / "bad.jsonl").error().message, StartsWith("corpus line 2: "));
  EXPECT_EQ(corpora.open(workspace / "none").error().code, ErrorCode::not_found);
}

TEST_F(CorpusTest, KeepsWhatIsOpenAndNoticesAChange) {
  const auto first = corpora.open(corpus).value();
  EXPECT_EQ(corpora.open(corpus).value(), first);
  workspace.write("c.jsonl", "{\"id\": \"x\", \"text\": \"other words\"}\n");
  EXPECT_EQ(corpora.open(corpus).value()->size(), 1);
  EXPECT_EQ(first->size(), 3);
}

TEST_F(CorpusTest, KeepsTheIndexOfABigCorpusOnDisk) {
  std::string text;
  for (int i = 0; i < 1'000; ++i) {
    text += R"({"id": )" + std::to_string(i) + R"(, "title": "T", "text": "word)" +
            std::to_string(i) + "\"}\n";
  }
  workspace.write("big.jsonl", text);
  TempFolder cache;
  for (int round = 0; round < 2; ++round) {
    CorpusCache big(cache.path(), 1, 1'000);
    EXPECT_EQ(
        big.open(workspace / "big.jsonl").value()->search("word777", 5).value().at(0).passage.id,
        "777");
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(cache.path()), {}), 1);
  }
}

TEST_F(CorpusTest, SearchesAndOpensAsTools) {
  auto search = make_search_tool(corpora);
  EXPECT_EQ(
      call(*search, {{"query", "capital of Italy"}}).text,
      "[1] Rome\nRome is the capital of Italy.\n\n[b] Paris\nParis is the capital of France.\n");
  EXPECT_EQ(call(*search, {{"query", "qqq"}}).text,
            "No passage has any of these words. Try other words.");
  auto open = make_open_tool(corpora);
  EXPECT_EQ(call(*open, {{"id", "[b]"}}).text, "[b] Paris\nParis is the capital of France.");
  EXPECT_EQ(call(*open, {{"id", "zz"}}).status, ResultStatus::error);
  corpus = "";
  EXPECT_EQ(call(*search, {{"query", "a"}}).text, "This task has no passages to search.");
}

TEST(TitleLinksTest, FindsTitlesAsWholeWords) {
  TitleLinks links;
  links.add(1, "Paris (film)");
  links.add(2, "New York City");
  links.add(3, "York");
  links.add(4, "It");
  links.add(5, "What");
  for (int i = 10; i < 20; ++i) links.add(i, "Shared");
  links.seal();
  EXPECT_THAT(links.named_in("In NEW York, city of Paris! What is it? Shared."),
              ElementsAre(1, 2, 3));
  EXPECT_THAT(links.named_in("Parisian Yorkers"), ElementsAre());
}

TEST(TitleLinksTest, RaisesWhatTheQueryAndTheBestPassageName) {
  TitleLinks links;
  links.add(1, "Alpha Beta");
  links.add(2, "Gamma Delta");
  links.add(3, "Epsilon");
  links.seal();
  const auto ranked = rank_by_links(
      {{2, 10}, {1, 5}}, links, "who founded Alpha Beta?",
      [](std::int64_t row) { return std::string(row == 2 ? "It is in Epsilon." : ""); });
  EXPECT_EQ(ranked, (std::vector<Ranked>{{1, 11}, {2, 10}, {3, 4}}));
}

TEST(TermsTest, DropsFunctionWordsUnlessThereIsNothingElse) {
  EXPECT_THAT(query_terms("What is the Capital of X-1?"), ElementsAre("capital", "1"));
  EXPECT_THAT(query_terms("to be or not to be"), ElementsAre("to", "be", "or", "not"));
  EXPECT_THAT(query_terms("a b c d"), ElementsAre("a", "b", "c", "d"));
  EXPECT_THAT(query_terms("Zürich zürich"), ElementsAre("zürich"));
}

TEST(TermsTest, CutsTheSnippetAroundTheTerms) {
  std::string text;
  for (int i = 0; i < 40; ++i) text += "Filler sentence number one. ";
  text += "The treaty was signed in Geneva. ";
  for (int i = 0; i < 40; ++i) text += "Filler sentence number two. ";
  const std::string snippet = best_snippet(text, {"treaty", "geneva"});
  EXPECT_LE(snippet.size(), 300U);
  EXPECT_THAT(snippet, StartsWith("...The treaty was signed in Geneva."));
  EXPECT_EQ(best_snippet("short", {"x"}), "short");
  EXPECT_EQ(best_snippet(". " + std::string(400, '-'), {"x"}).size(), 300U - 3U);
  EXPECT_LE(best_snippet(std::string(1'000, 'x'), {"y"}).size(), 300U);
  EXPECT_LE(best_snippet(std::string(1'000, 'x'), {"xxxxxxx"}).size(), 300U);
}

}  // namespace
}  // namespace pareto
