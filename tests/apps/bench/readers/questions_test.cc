// Readers of questions over passages: HotpotQA, 2WikiMultihopQA, MuSiQue.
#include "apps/bench/readers/hotpotqa.h"
#include "apps/bench/readers/musique.h"
#include "tests/apps/bench/readers/fixture.h"

namespace pareto {
namespace {

using testing::HasSubstr;

const std::string kHotpot = R"([
 {"_id": "h1", "answer": "Lower Tarn", "question": "Where was the founder of Orrin Mill born?",
  "supporting_facts": [["Orrin Mill", 0], ["Ada Orrin", 1], ["Ada Orrin", 0]], "type": "bridge", "level": "hard",
  "context": [["Orrin Mill", ["Orrin Mill was founded by Ada Orrin.", " It stands."]],
              ["Goat", ["A goat."]], ["Ada Orrin", ["Ada Orrin was a miller.", " She was born in Lower Tarn."]]]},
 {"_id": "h2", "answer": "yes", "question": "Are both mills?", "supporting_facts": [["Elsewhere", 0]],
  "type": "comparison", "level": "easy", "context": [["Goat", ["A goat."]]]}])";

TEST(HotpotQaTest, AContextIsTheCorpusOfItsQuestion) {
  EXPECT_EQ(recognised(kHotpot), "hotpotqa");
  auto read = read_as(kHotpotQa, kHotpot);
  ASSERT_TRUE(read) << read.error().message;
  const std::map<std::string, std::string> corpora{
      {"hotpotqa/h1",
       R"({"id":"0","title":"Orrin Mill","text":"Orrin Mill was founded by Ada Orrin. It stands."})"
       "\n"
       R"({"id":"1","title":"Goat","text":"A goat."})"
       "\n"
       R"({"id":"2","title":"Ada Orrin","text":"Ada Orrin was a miller. She was born in Lower Tarn."})"
       "\n"},
      {"hotpotqa/h2", "{\"id\":\"0\",\"title\":\"Goat\",\"text\":\"A goat.\"}\n"}};
  EXPECT_EQ(read->corpora, corpora);
  ASSERT_EQ(read->tasks.size(), 2U);
  const Task& task = read->tasks[0];
  EXPECT_EQ(task.id, "h1");
  EXPECT_EQ(task.corpus, "hotpotqa/h1");
  EXPECT_EQ(score_of(task), Json({{"type", "exact"}, {"answers", {"Lower Tarn"}}}));
  EXPECT_EQ(metadata_of(task)["required"], Json({"0", "2"}));
  EXPECT_EQ(metadata_of(read->tasks[1])["required"], Json({"Elsewhere"}))
      << "in fullwiki a passage may be missing from the context";
}

TEST(HotpotQaTest, ASharedCorpusHoldsAPassageOnce) {
  auto read = read_as(kHotpotQa, kHotpot, {{"corpus", "shared"}, {"metric", "f1"}});
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->corpora.size(), 1U);
  const std::string& lines = read->corpora.at("hotpotqa");
  EXPECT_EQ(std::ranges::count(lines, '\n'), 3);
  EXPECT_EQ(read->tasks[1].corpus, "hotpotqa");
  EXPECT_EQ(score_of(read->tasks[1])["type"], "hotpot_f1");
  ASSERT_TRUE(check_score(read->tasks[1].score));
}

TEST(HotpotQaTest, ReadsTheTableFormAnd2WikiMultihopQa) {
  const std::string columns =
      R"({"id": "t1", "question": "q", "answer": "a", "type": "bridge", "level": "easy", "supporting_facts": {"title": ["B"], "sent_id": [0]}, "context": {"title": ["A", "B"], "sentences": [["One."], ["Two.", " Three."]]}})";
  EXPECT_EQ(recognised(columns), "hotpotqa");
  auto read = read_as(kHotpotQa, columns);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(metadata_of(read->tasks[0])["required"], Json({"1"}));
  const std::string wiki =
      R"([{"_id": "w1", "type": "compositional", "question": "q", "answer": "a", "supporting_facts": [["A", 0]], "evidences": [["A", "x", "a"]], "context": [["A", ["One.", "Two."]]]}])";
  EXPECT_EQ(recognised(wiki), "hotpotqa");
  auto other = read_as(kHotpotQa, wiki);
  ASSERT_TRUE(other) << other.error().message;
  EXPECT_THAT(other->corpora.at("hotpotqa/w1"), HasSubstr("One. Two."));
}

TEST(HotpotQaTest, QuestionsAloneTakeTheCorpusOfTheSuite) {
  const std::string text =
      R"({"id": "q1", "question": "q", "answer": "a", "supporting_titles": ["A", "B"]})";
  EXPECT_EQ(recognised(text), "hotpotqa");
  const auto tasks = tasks_as(kHotpotQa, text);
  ASSERT_EQ(tasks.size(), 1U);
  EXPECT_EQ(tasks[0].corpus, "");
  EXPECT_EQ(metadata_of(tasks[0])["required"], Json({"A", "B"}));
}

TEST(HotpotQaTest, RefusesWhatIsWrong) {
  const auto error = [](Json change) {
    Json row = {{"_id", "x"},
                {"question", "q"},
                {"answer", "a"},
                {"supporting_facts", Json::array()},
                {"context", Json::array()}};
    row.update(change);
    return error_as(kHotpotQa, dump_json(Json::array({row})));
  };
  EXPECT_EQ(error(Json::object()), "(no error)");
  EXPECT_THAT(error({{"_id", nullptr}}), HasSubstr("item 1: hotpotqa: \"id\": is required"));
  EXPECT_THAT(error({{"answer", ""}}), HasSubstr("\"answer\": must not be empty"));
  EXPECT_THAT(error({{"answer", {"a"}}}), HasSubstr("\"answer\": expected a string"));
  for (const char* context :
       {R"("x")", R"(["x"])", R"([["x"]])", R"([["x", "y"]])", R"([["x", [1]]])", R"([[1, ["y"]]])",
        R"({"title": ["x"], "sentences": []})"}) {
    EXPECT_THAT(error({{"context", parse_json(context).value()}}),
                HasSubstr("\"context\": expected"))
        << context;
  }
  EXPECT_THAT(error({{"supporting_facts", {{1, 2}}}}), HasSubstr("\"supporting_facts\": expected"));
  EXPECT_THAT(error_as(kHotpotQa, kHotpot, {{"corpus", "all"}}),
              HasSubstr("\"corpus\": expected task or shared; found \"all\""));
  EXPECT_THAT(error_as(kHotpotQa, kHotpot, {{"metric", "judge"}}), HasSubstr("exact or f1"));
}

TEST(MusiqueTest, ParagraphsOfOneTitleAreToldApart) {
  const std::string text =
      R"({"id": "2hop__1_2", "paragraphs": [{"idx": 0, "title": "Tarn", "paragraph_text": "A lake.", "is_supporting": false}, {"idx": 1, "title": "Tarn", "paragraph_text": "A town of 40.", "is_supporting": true}], "question": "How many live in Tarn?", "question_decomposition": [], "answer": "40", "answer_aliases": ["forty"], "answerable": true})";
  EXPECT_EQ(recognised(text), "musique");
  auto read = read_as(kMusique, text);
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->tasks.size(), 1U);
  EXPECT_EQ(score_of(read->tasks[0]), Json({{"type", "exact"}, {"answers", {"40", "forty"}}}));
  EXPECT_EQ(metadata_of(read->tasks[0]), Json({{"solution", "40"}, {"required", {"1"}}}));
  EXPECT_THAT(read->corpora.at("musique/2hop__1_2"), HasSubstr("A town of 40."));
}

TEST(MusiqueTest, AnAnswerOfWhichNothingWouldBeLeftIsComparedAsItStands) {
  const auto score = [](const std::string& answer, Json aliases) {
    const Json row = {{"id", "x"},
                      {"question", "q"},
                      {"answer", answer},
                      {"answer_aliases", std::move(aliases)},
                      {"paragraphs", Json::array()}};
    const auto tasks = tasks_as(kMusique, dump_json(row));
    return tasks.empty() ? Json() : score_of(tasks.front());
  };
  EXPECT_EQ(score("A", Json::array({"Letter A"})),
            Json({{"type", "exact"}, {"answers", {"Letter A"}}}));
  EXPECT_EQ(score("A?", Json::array()),
            Json({{"type", "regex"}, {"pattern", "(?i)^\\s*A\\?\\s*$"}}));
}

TEST(MusiqueTest, RefusesWhatIsWrong) {
  const auto error = [](Json change) {
    Json row = {{"id", "x"}, {"question", "q"}, {"answer", "a"}, {"paragraphs", Json::array()}};
    row.update(change);
    return error_as(kMusique, dump_json(row));
  };
  EXPECT_EQ(error(Json::object()), "(no error)");
  EXPECT_THAT(error({{"answerable", false}}),
              HasSubstr("line 1: musique: \"answerable\": is false"));
  EXPECT_THAT(error({{"paragraphs", {{{"title", "t"}}}}}),
              HasSubstr("\"paragraphs\": paragraph: \"paragraph_text\": is required"));
  EXPECT_THAT(error({{"answer_aliases", {1}}}), HasSubstr("\"answer_aliases\""));
}

}  // namespace
}  // namespace pareto
