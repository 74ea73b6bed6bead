#include "apps/export/zip_archive.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace pareto::exporting {
namespace {

const Instant kAt = instant_from_ms(1'700'000'000'000);
const std::vector<ZipEntry> kEntries{{"header.json", "{}"},
                                     {"samples/ä_epoch_1.json", std::string(100'000, 'x')},
                                     {"empty.json", ""}};

ZipReader reader_of(const std::string& bytes) {
  auto reader = ZipReader::of_bytes(bytes, "FILE");
  EXPECT_TRUE(reader.has_value()) << (reader ? "" : reader.error().message);
  return std::move(*reader);
}

TEST(ZipArchiveTest, WhatIsWrittenIsRead) {
  const std::string bytes = *zip_archive(kEntries, kAt);
  EXPECT_LT(bytes.size(), 2'000U);  // it is compressed
  ZipReader reader = reader_of(bytes);
  std::vector<ZipEntry> read;
  for (const std::string& name : reader.names())
    read.push_back({name, *reader.read(name, 1 << 20)});
  EXPECT_EQ(read, kEntries);
}

TEST(ZipArchiveTest, TheSameEntriesGiveTheSameBytesInEveryTimeZone) {
  const std::string here = *zip_archive(kEntries, kAt);
  for (const char* zone : {"America/New_York", "Asia/Kolkata", "UTC0"}) {
    setenv("TZ", zone, 1);
    tzset();
    EXPECT_EQ(*zip_archive(kEntries, kAt), here) << zone;
  }
  unsetenv("TZ");
  tzset();
}

TEST(ZipArchiveTest, AnEntryBeyondTheBoundIsNotUnpacked) {
  const std::string bytes = *zip_archive({{"bomb", std::string(64 << 20, '\0')}}, kAt);
  EXPECT_LT(bytes.size(), 100'000U);
  ZipReader reader = reader_of(bytes);
  const auto read = reader.read("bomb", 1'000);
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error(),
            (Error{ErrorCode::limit, "FILE: entry bomb: expected at most 1000 bytes, found more"}));
  EXPECT_EQ(reader.read("bomb", 64 << 20)->size(), std::size_t{64} << 20);
}

TEST(ZipArchiveTest, ErrorsNameTheEntry) {
  std::string bytes = *zip_archive({{"a", std::string(5'000, 'x')}}, kAt);
  ZipReader reader = reader_of(bytes);
  EXPECT_EQ(reader.read("b", 10).error(),
            (Error{ErrorCode::not_found, "FILE: entry b: it is not there"}));
  bytes[36] ^= 0x55;  // in the compressed data, behind the header of 30 bytes and the name
  ZipReader damaged = reader_of(bytes);
  const auto read = damaged.read("a", 10'000);
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().code, ErrorCode::invalid);
  EXPECT_TRUE(read.error().message.starts_with("FILE: entry a: ")) << read.error().message;
}

TEST(ZipArchiveTest, NoArchiveIsAnError) {
  for (const std::string bytes : {"PK", "no archive at all, though it is long enough"}) {
    const auto reader = ZipReader::of_bytes(bytes, "FILE");
    ASSERT_FALSE(reader.has_value()) << bytes;
    EXPECT_EQ(reader.error().code, ErrorCode::invalid);
    EXPECT_TRUE(reader.error().message.starts_with("FILE: expected a zip archive"));
  }
  EXPECT_EQ(ZipReader::open("/nowhere.eval").error().code, ErrorCode::invalid);
}

// Every byte of a small archive, wrong in turn: an error or some text, never more than allowed.
TEST(ZipArchiveTest, NoByteOfAnArchiveIsTrusted) {
  const std::string good = *zip_archive({{"a", "some text"}, {"b", "more"}}, kAt);
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const int flip : {0x01, 0x80, 0xff}) {
      std::string bytes = good;
      bytes[i] = static_cast<char>(bytes[i] ^ flip);
      auto reader = ZipReader::of_bytes(bytes, "FILE");
      if (!reader) continue;
      for (const std::string& name : reader->names()) {
        const auto text = reader->read(name, 100);
        EXPECT_LE(text ? text->size() : 0, 100U);
      }
    }
  }
}

}  // namespace
}  // namespace pareto::exporting
