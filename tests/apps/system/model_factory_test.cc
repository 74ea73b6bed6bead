#include "apps/system/model_factory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "agent/io/system_clock.h"
#include "agent/io/system_random.h"
#include "tests/tools/fixture.h"

namespace pareto {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr std::int64_t kUsd = 1'000'000'000;

TEST(ModelInfoTest, ALocalModelIsKnownFromTheCatalogue) {
  auto info = model_info({.name = "local", .engine = "llama", .weights = "qwen2.5-coder-1.5b"});
  ASSERT_TRUE(info) << info.error().message;
  const ModelInfo expected{.name = "local",
                           .context = 16'384,
                           .max_output_tokens = 2'048,
                           .price = Price{.input = Money::nanos(926'000'000),
                                          .cached_input = Money(),
                                          .cache_write = Money::nanos(926'000'000),
                                          .output = Money::nanos(3'700'000'000)},
                           .tools = ToolDialect::schema,
                           .small = true};
  EXPECT_EQ(*info, expected);
}

TEST(ModelInfoTest, TheConfigurationGoesBeforeTheCatalogue) {
  auto info =
      model_info({.name = "local",
                  .engine = "llama",
                  .weights = "qwen2.5-coder-1.5b",
                  .price = {{"input", Money::nanos(kUsd)}, {"output", Money::nanos(2 * kUsd)}},
                  .context = 4'096,
                  .max_output_tokens = 100,
                  .tools = ToolDialect::text,
                  .small = false});
  ASSERT_TRUE(info) << info.error().message;
  const Price price{.input = Money::nanos(kUsd),
                    .cached_input = Money::nanos(kUsd),
                    .cache_write = Money::nanos(kUsd),
                    .output = Money::nanos(2 * kUsd)};
  const ModelInfo expected{.name = "local",
                           .context = 4'096,
                           .max_output_tokens = 100,
                           .price = price,
                           .tools = ToolDialect::text};
  EXPECT_EQ(*info, expected);
}

TEST(ModelInfoTest, AnUnknownPriceStaysUnknown) {
  auto info = model_info({.name = "big", .engine = "openai"});
  ASSERT_TRUE(info);
  EXPECT_EQ(*info, ModelInfo{.name = "big"});
}

TEST(ModelInfoTest, UnknownWeightsNameTheNearest) {
  auto info = model_info({.name = "x", .engine = "llama", .weights = "qwen2.5-coder-1.5"});
  ASSERT_FALSE(info);
  EXPECT_THAT(info.error().message, HasSubstr("did you mean \"qwen2.5-coder-1.5b\"?"));
  info = model_info({.name = "x", .engine = "llama"});
  ASSERT_FALSE(info);
  EXPECT_THAT(info.error().message, AllOf(HasSubstr("models.x"), HasSubstr("`weights`")));
}

class MakeModelTest : public testing::Test {
 protected:
  Result<std::unique_ptr<Model>> make(const ModelConfig& model) {
    return make_model(model, config, {loop, http, workers, clock, random, nullptr});
  }
  Error error(const ModelConfig& model) {
    auto made = make(model);
    return made ? Error{ErrorCode::internal, "(no error)"} : made.error();
  }

  TempFolder folder;
  Config config;
  Loop loop;
  HttpClient http{loop};
  WorkerPool workers{loop};
  SystemClock clock;
  SystemRandom random;
};

TEST_F(MakeModelTest, AKeyThatIsNotExportedIsDenied) {
  unsetenv("PARETO_TEST_KEY_OF_NOBODY");
  const ModelConfig model{.name = "big",
                          .engine = "openai",
                          .base_url = "http://127.0.0.1:9/v1",
                          .model = "b",
                          .api_key_env = "PARETO_TEST_KEY_OF_NOBODY"};
  const Error missing = error(model);
  EXPECT_EQ(missing.code, ErrorCode::denied);
  EXPECT_THAT(missing.message, AllOf(HasSubstr("models.big"), HasSubstr(model.api_key_env)));
  setenv("PARETO_TEST_KEY_OF_NOBODY", "", 1);
  EXPECT_EQ(error(model).code, ErrorCode::denied);
  setenv("PARETO_TEST_KEY_OF_NOBODY", "k", 1);
  auto made = make(model);
  unsetenv("PARETO_TEST_KEY_OF_NOBODY");
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ((*made)->info().name, "big");
}

TEST_F(MakeModelTest, NamesTheKeyThatAnEngineNeeds) {
  EXPECT_THAT(error({.name = "big", .engine = "openai"}).message,
              HasSubstr("models.big: engine \"openai\" needs `base_url`"));
  EXPECT_THAT(error({.name = "s", .engine = "scripted"}).message, HasSubstr("needs `script`"));
  EXPECT_THAT(error({.name = "c", .engine = "cassette"}).message, HasSubstr("needs `cassette`"));
}

TEST_F(MakeModelTest, AMissingOrBrokenScriptNamesItsFile) {
  const ModelConfig model{.name = "s", .engine = "scripted", .script = folder / "s.json"};
  EXPECT_THAT(error(model).message, HasSubstr(folder / "s.json"));
  folder.write("s.json", R"({"scripts": [{"replys": []}]})");
  EXPECT_THAT(error(model).message, AllOf(HasSubstr("s.json"), HasSubstr("replys")));
  folder.write("s.json", "[]");
  EXPECT_TRUE(make(model));
}

TEST_F(MakeModelTest, MissingWeightsNameTheCommandThatBringsThem) {
  const char* before = std::getenv("XDG_CACHE_HOME");
  const std::string kept = before == nullptr ? "" : before;
  setenv("XDG_CACHE_HOME", folder.path().c_str(), 1);
  const Error missing =
      error({.name = "local", .engine = "llama", .weights = "qwen2.5-coder-1.5b"});
  if (before == nullptr) {
    unsetenv("XDG_CACHE_HOME");
  } else {
    setenv("XDG_CACHE_HOME", kept.c_str(), 1);
  }
  EXPECT_EQ(missing.code, ErrorCode::not_found);
  EXPECT_THAT(missing.message, HasSubstr("pareto models pull qwen2.5-coder-1.5b"));
}

}  // namespace
}  // namespace pareto
