#include "agent/io/sse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "agent/core/random.h"
#include "tests/agent/io/sse_oracle.h"

namespace pareto {
namespace {

using fakes::OwnedSseEvent;
using fakes::parse_in_pieces;
using fakes::SseOracle;
using fakes::SseReading;
using testing::ElementsAre;

constexpr std::size_t kLimit = 1024;

std::vector<OwnedSseEvent> events(std::string_view bytes) {
  return parse_in_pieces(bytes, {bytes.size()}, kLimit).events;
}

OwnedSseEvent message(std::string data) { return {"message", std::move(data), ""}; }

TEST(SseTest, GivesEachEventAtItsBlankLine) {
  EXPECT_THAT(events("data: one\n\ndata: two\n\n"), ElementsAre(message("one"), message("two")));
}

TEST(SseTest, DropsAnEventThatTheStreamLeavesUnfinished) {
  EXPECT_THAT(events("data: one\n\ndata: two\n"), ElementsAre(message("one")));
}

TEST(SseTest, JoinsDataLines) {
  EXPECT_THAT(events("data: a\ndata:\ndata: b\n\n"), ElementsAre(message("a\n\nb")));
}

TEST(SseTest, TakesAllThreeLineEnds) {
  EXPECT_THAT(events("data: a\r\rdata: b\r\n\r\ndata: c\n\n"),
              ElementsAre(message("a"), message("b"), message("c")));
}

TEST(SseTest, TakesOneSpaceOffAValueAndNoMore) {
  EXPECT_THAT(events("data:  a \n\ndata:b\n\n"), ElementsAre(message(" a "), message("b")));
}

TEST(SseTest, IgnoresCommentsUnknownFieldsAndEmptyEvents) {
  EXPECT_THAT(events(": ping\n\nfoo: bar\nevent: x\n\ndata: a\n\n"), ElementsAre(message("a")));
}

TEST(SseTest, ADataFieldWithoutValueIsAnEvent) {
  EXPECT_THAT(events("data\n\ndata:\n\n"), ElementsAre(message(""), message("")));
}

TEST(SseTest, KeepsTypeForOneEventAndIdForTheRest) {
  EXPECT_THAT(events("event: add\nid: 7\ndata: a\n\ndata: b\n\n"),
              ElementsAre(OwnedSseEvent{"add", "a", "7"}, OwnedSseEvent{"message", "b", "7"}));
}

TEST(SseTest, RefusesAnIdWithNul) {
  using namespace std::string_view_literals;
  EXPECT_THAT(events("id: 7\nid: 8\0\ndata: a\n\n"sv),
              ElementsAre(OwnedSseEvent{"message", "a", "7"}));
}

TEST(SseTest, SkipsOneByteOrderMark) {
  EXPECT_THAT(events("\xEF\xBB\xBF"
                     "data: a\n\n"),
              ElementsAre(message("a")));
  EXPECT_THAT(events("\xEF\xBB"
                     "data: a\n\ndata: b\n\n"),
              ElementsAre(message("b")));
}

TEST(SseTest, TheIdOfAnUnfinishedEventIsNotTheLastId) {
  SseParser parser;
  ASSERT_TRUE(parser.feed("id: 1\ndata: a\n\nid: 2\ndata: b\n", [](const SseEvent&) {}));
  EXPECT_EQ(parser.last_id(), "1");
}

TEST(SseTest, ReadsRetryWhenItIsANumber) {
  SseParser parser;
  ASSERT_TRUE(parser.feed("retry: 250\nretry: -1\nretry: 3s\n", [](const SseEvent&) {}));
  EXPECT_EQ(parser.retry_ms(), std::optional<std::uint64_t>(250));
}

TEST(SseTest, AnEventInOneChunkIsNotCopied) {
  const std::string chunk = "event: add\ndata: hello\n\n";
  SseParser parser;
  std::string_view data;
  ASSERT_TRUE(parser.feed(chunk, [&data](const SseEvent& event) { data = event.data; }));
  EXPECT_EQ(data.data(), chunk.data() + chunk.find("hello"));
}

TEST(SseTest, ALineBeyondTheLimitIsAFinalError) {
  SseParser parser(16);
  const auto none = [](const SseEvent&) { FAIL() << "no event was complete"; };
  ASSERT_TRUE(parser.feed("data: 0123456789", none));
  const auto over = parser.feed("x", none);
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().code, ErrorCode::limit);
  EXPECT_FALSE(parser.feed("\n\ndata: a\n\n", none));
}

TEST(SseTest, DataLinesTogetherBeyondTheLimitAreAnError) {
  const SseReading reading = parse_in_pieces("data: 01234567\ndata: 01234567\n\n", {40}, 16);
  EXPECT_EQ(reading, (SseReading{{}, true, std::nullopt, ""}));
}

// Bytes that are mostly structure, so that short streams reach every state.
std::string hostile_stream(SeededRandom& random) {
  using namespace std::string_view_literals;
  static constexpr std::array kPieces = {
      "data"sv, "data:"sv, "data: "sv, "event:"sv, "event: t"sv, "id:"sv,   "id: 4"sv, "retry: 9"sv,
      "\n"sv,   "\n"sv,    "\n\n"sv,   "\r"sv,     "\r\n"sv,     ":"sv,     " "sv,     "\0"sv,
      "x"sv,    "\xEF"sv,  "\xBB"sv,   "\xBF"sv,   "\xC3\xA4"sv, "12345"sv, "\r\r\n"sv};
  std::string stream;
  if (random.next() % 4 == 0) stream = "\xEF\xBB\xBF";
  const std::size_t count = random.next() % 24;
  for (std::size_t i = 0; i < count; ++i) stream += kPieces[random.next() % kPieces.size()];
  return stream;
}

TEST(SseTest, EveryCutOfAStreamReadsAsTheOracleDoes) {
  SeededRandom random(1);
  for (int round = 0; round < 3000; ++round) {
    const std::string stream = hostile_stream(random);
    const std::size_t limit = random.next() % 3 == 0 ? 12 : kLimit;
    const SseReading expected = SseOracle(limit).read(stream);
    ASSERT_EQ(parse_in_pieces(stream, {1}, limit), expected) << testing::PrintToString(stream);
    for (std::size_t cut = 1; cut <= stream.size(); ++cut) {
      ASSERT_EQ(parse_in_pieces(stream, {cut, stream.size()}, limit), expected)
          << testing::PrintToString(stream) << " cut at " << cut;
    }
  }
}

}  // namespace
}  // namespace pareto
