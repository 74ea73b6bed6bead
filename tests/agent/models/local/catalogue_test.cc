#include "agent/models/local/catalogue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace pareto {
namespace {

using ::testing::HasSubstr;

Money usd(const char* text) { return *Money::parse(text); }

constexpr const char* kSmall = R"({
  "engine": {"package": "e", "version": "1", "licence": "MIT", "bytes": 3},
  "weights": [{"name": "w", "title": "W", "licence": "MIT", "file": "w.gguf", "bytes": 5,
    "sha256": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    "sources": [{"type": "https", "name": "site", "url": "https://x/w"},
                {"type": "wheels", "name": "index", "package": "p", "version": "2", "parts": 3}],
    "template": {"context": 99, "tools": "native"},
    "price": {"input": "1", "cached_input": "0.5", "cache_write": "2", "output": "4"}}]})";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

TEST(CatalogueTest, ReadsAnEntryWithItsSourcesInOrder) {
  const Result<Catalogue> catalogue = Catalogue::parse(kSmall);
  ASSERT_TRUE(catalogue) << catalogue.error().message;
  const WeightsEntry expected{"w",
                              "W",
                              "MIT",
                              "w.gguf",
                              5,
                              "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
                              {{WeightsSource::Type::https, "site", "https://x/w", "", "", 0},
                               {WeightsSource::Type::wheels, "index", "", "p", "2", 3}},
                              99,
                              ToolDialect::native,
                              {usd("1"), usd("0.5"), usd("2"), usd("4")}};
  EXPECT_EQ(catalogue->entries(), std::vector{expected});
  EXPECT_EQ(catalogue->engine(), (EnginePackage{"e", "1", "MIT", 3}));
}

TEST(CatalogueTest, TheBuiltInPricesAreExact) {
  const Result<Catalogue> catalogue = Catalogue::built_in();
  ASSERT_TRUE(catalogue) << catalogue.error().message;
  EXPECT_EQ(catalogue->find("qwen2.5-coder-1.5b")->price,
            (Price{usd("0.926"), Money(), usd("0.926"), usd("3.70")}));
  EXPECT_EQ(catalogue->find("qwen2.5-coder-0.5b")->price.output, usd("1.233333333"));
}

TEST(CatalogueTest, EveryBuiltInEntryHasAFallback) {
  const Result<Catalogue> catalogue = Catalogue::built_in();
  ASSERT_TRUE(catalogue) << catalogue.error().message;
  for (const WeightsEntry& entry : catalogue->entries()) {
    ASSERT_EQ(entry.sources.size(), 2U) << entry.name;
    EXPECT_EQ(entry.sources[0].type, WeightsSource::Type::https);
    EXPECT_EQ(entry.sources[1].type, WeightsSource::Type::wheels);
  }
}

TEST(CatalogueTest, AMistypedNameNamesTheNearestOne) {
  const Result<WeightsEntry> found = Catalogue::built_in()->find("qwen2.5-codr-1.5b");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::not_found);
  EXPECT_THAT(found.error().message, HasSubstr("did you mean \"qwen2.5-coder-1.5b\""));
}

TEST(CatalogueTest, ErrorsNameTheEntryAndTheKey) {
  const std::pair<std::string, std::string> broken[] = {
      {R"("title": "W")", R"("title": 1)"},
      {R"("file": "w.gguf")", R"("file": "../w.gguf")"},
      {"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "short"},
      {R"("parts": 3)", R"("parts": 0)"},
      {R"("type": "https")", R"("type": "ftp")"},
      {R"("output": "4")", R"("output": "four")"},
      {R"("tools": "native")", R"("tools": "magic")"},
      {R"("bytes": 5)", R"("bytes": "5")"}};
  for (const auto& [from, to] : broken) {
    const Result<Catalogue> catalogue = Catalogue::parse(replaced(kSmall, from, to));
    ASSERT_FALSE(catalogue) << to;
    EXPECT_EQ(catalogue.error().code, ErrorCode::invalid);
  }
  EXPECT_EQ(Catalogue::parse(replaced(kSmall, R"("title": "W")", R"("title": 1)")).error().message,
            "catalogue: \"weights\": \"w\": weights: \"title\": expected a string; found number");
}

TEST(CatalogueTest, TextThatIsNoCatalogueIsAnError) {
  for (const char* text : {"", "[]", "{}", "nonsense", R"({"engine": {}, "weights": [1]})"}) {
    EXPECT_FALSE(Catalogue::parse(text)) << text;
  }
}

}  // namespace
}  // namespace pareto
