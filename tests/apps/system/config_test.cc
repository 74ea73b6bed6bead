#include "apps/system/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/tools/fixture.h"

namespace pareto {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// Works in a folder of its own, since ./pareto.toml is a layer.
class ConfigTest : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(folder / "work");
    before = std::filesystem::current_path();
    std::filesystem::current_path(folder / "work");
  }
  void TearDown() override { std::filesystem::current_path(before); }

  void user(const std::string& text) { folder.write("config/pareto/pareto.toml", text); }
  void local(const std::string& text) { folder.write("work/pareto.toml", text); }

  Result<Config> load(std::vector<Setting> flags = {}) {
    std::vector<std::string> all = {"HOME=" + folder.path(), "XDG_CONFIG_HOME=" + folder / "config",
                                    "XDG_STATE_HOME=" + folder / "state"};
    all.insert(all.end(), environment.begin(), environment.end());
    auto sources = gather_settings(all);
    if (!sources) return std::unexpected(sources.error());
    sources->layers.push_back(std::move(flags));
    return make_config(*sources);
  }
  std::string error() {
    auto config = load();
    if (config) return "(no error)";
    EXPECT_EQ(config.error().code, ErrorCode::invalid);
    return config.error().message;
  }
  static std::string origin(const Config& config, const std::string& path) {
    for (const Setting& setting : config.settings) {
      if (setting.path == path) return setting.origin;
    }
    return "(none)";
  }

  TempFolder folder;
  std::filesystem::path before;
  std::vector<std::string> environment;
};

TEST_F(ConfigTest, TheBuiltInLayerIsEnough) {
  auto config = load();
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->default_model, "local");
  EXPECT_EQ(config->policy_models, std::vector<std::string>{"local"});
  EXPECT_EQ(config->models.at("local").engine, "llama");
  EXPECT_EQ(config->models.at("local").weights, "qwen2.5-coder-1.5b");
  EXPECT_EQ(
      config->limits,
      (Limits{.usd = Money::nanos(500'000'000), .turns = 40, .seconds = Milliseconds(1'800'000)}));
  EXPECT_EQ(config->state, folder / "state/pareto");
  EXPECT_EQ(config->approve, "ask");
  EXPECT_EQ(origin(*config, "limits.usd"), "built-in");
}

TEST_F(ConfigTest, LaterLayersWinAndEveryValueKnowsItsOrigin) {
  user("[limits]\nusd = \"0.40\"\nturns = 30\nseconds = 100\n\n[policy]\nexploration = 0.2\n");
  local("[limits]\n\nturns = 20\nseconds = 90\n");
  environment = {"PARETO_LIMITS_SECONDS=80", "PARETO_LIMITS_USD=0.30"};
  auto config = load({{"limits.usd", "0.20", "--usd"}});
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(
      config->limits,
      (Limits{.usd = Money::nanos(200'000'000), .turns = 20, .seconds = Milliseconds(80'000)}));
  EXPECT_EQ(config->exploration, 0.2);
  EXPECT_EQ(origin(*config, "limits.usd"), "--usd");
  EXPECT_EQ(origin(*config, "limits.seconds"), "PARETO_LIMITS_SECONDS");
  EXPECT_EQ(origin(*config, "limits.turns"), "pareto.toml:3");
  EXPECT_EQ(origin(*config, "policy.exploration"), folder / "config/pareto/pareto.toml:7");
  EXPECT_EQ(origin(*config, "policy.quality_weight"), "built-in");
}

TEST_F(ConfigTest, VariablesAreReadAsWhatTheKeyWants) {
  environment = {"PARETO_LIMITS_TURNS=7",     "PARETO_MEMORY_ENABLED=false",
                 "PARETO_STATE=relative/dir", "PARETO_LIMITS_USD=1",
                 "PARETO_APPROVE=none",       R"(PARETO_CONCERNS_DISABLED=["loop"])",
                 "PARETO_TOKEN=secret",       "PARETO_ENGINE_THREADS="};
  auto config = load();
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->limits.turns, 7);
  EXPECT_EQ(config->limits.usd, Money::nanos(1'000'000'000));
  EXPECT_FALSE(config->memory_on);
  EXPECT_EQ(config->approve, "none");
  EXPECT_EQ(config->disabled_concerns, std::vector<std::string>{"loop"});
  EXPECT_EQ(config->state, folder / "work/relative/dir") << "sandboxes are given paths below it";
  for (const Setting& setting : config->settings) EXPECT_NE(setting.value, "secret");
}

TEST_F(ConfigTest, AWrongVariableIsNamedWithTheNearest) {
  environment = {"PARETO_LIMIT_USD=1"};
  EXPECT_THAT(error(), HasSubstr("unknown variable PARETO_LIMIT_USD; did you mean "
                                 "PARETO_LIMITS_USD?"));
  environment = {"PARETO_LIMITS_TURNS=many"};
  EXPECT_THAT(error(), AllOf(HasSubstr("PARETO_LIMITS_TURNS"), HasSubstr("whole number"),
                             HasSubstr("many")));
  environment = {"PARETO_MODELS_NAME_ENGINE=openai"};
  EXPECT_THAT(error(), HasSubstr("unknown variable"));
}

TEST_F(ConfigTest, AnUnknownKeyNamesTheNearestAndWhereItStands) {
  local("[limits]\nusd = \"1\"\nturn = 3\n");
  EXPECT_EQ(error(), "pareto.toml:3: unknown key \"limits.turn\"; did you mean \"limits.turns\"?");
  local("[models.big]\nengine = \"openai\"\nbase_ur = \"http://x\"\n");
  EXPECT_EQ(error(),
            "pareto.toml:3: unknown key \"models.big.base_ur\"; did you mean "
            "\"models.big.base_url\"?");
  local("[models.big.prise]\ninput = \"1\"\n");
  EXPECT_THAT(error(), AllOf(HasSubstr("pareto.toml:2"), HasSubstr("models.big.price.input")));
  local("zzzzzzzzzzzz = 1\n");
  EXPECT_THAT(error(), HasSubstr("pareto config show"));
}

TEST_F(ConfigTest, AValueOfTheWrongTypeNamesKeyLineAndWhatWasFound) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"[limits]\nusd = 0.5\n",
       "pareto.toml:2: \"limits.usd\": expected a decimal string such as "
       "\"0.05\"; found 0.5"},
      {"[limits]\nusd = \"-1\"\n", "expected 0 or more"},
      {"[limits]\nturns = -1\n", "expected a whole number"},
      {"[limits]\nturns = 99999999999\n", "expected a whole number"},
      {"[limits]\nseconds = \"soon\"\n", "pareto.toml:2: \"limits.seconds\""},
      {"[policy]\nexploration = 2\n", "expected a number from 0 to 1"},
      {"[memory]\nenabled = \"yes\"\n", "expected true or false; found \"yes\""},
      {"approve = \"always\"\n", "expected ask, all, none or file:PATH; found \"always\""},
      {"[policy]\nmodels = 3\n", "expected a list of strings; found 3"},
      {"[models.x]\nengine = \"gpt\"\n", "expected one of llama"},
      {"[models.x]\nreasoning = \"much\"\n", "expected one of none, effort, budget"},
      {"[models.x]\ntools = \"magic\"\n", "models.x.tools"},
      {"[models.x.price]\ninput = \"a lot\"\noutput = \"1\"\n", "models.x.price.input"},
      {"[models.x.price]\ninput = \"-1\"\noutput = \"1\"\n", "expected 0 or more"},
      {"limits = 1979-05-27\n", "pareto.toml:1: expected a string"},
      {"[policy]\nmodels = [\"a\", 1]\n", "pareto.toml:2: expected a list of strings"},
      {"[limits\n", "pareto.toml:1: not valid TOML"},
      {"a = 1\na = 2\n", "pareto.toml:2: not valid TOML"},
  };
  for (const auto& [text, expected] : cases) {
    local(text);
    EXPECT_THAT(error(), HasSubstr(expected)) << text;
  }
}

TEST_F(ConfigTest, HalfAPriceIsAnErrorAndTheRestFollowsInput) {
  local("[models.x.price]\ninput = \"2\"\n");
  EXPECT_THAT(error(), AllOf(HasSubstr("models.x.price"), HasSubstr("`output`")));
  local("[models.x.price]\ncached_input = \"2\"\n");
  EXPECT_THAT(error(), HasSubstr("models.x.price"));
  local("[models.x.price]\ninput = \"2\"\noutput = \"8\"\n[models.y]\nengine = \"openai\"\n");
  auto config = load();
  ASSERT_TRUE(config) << config.error().message;
  const auto usd = [](std::int64_t n) { return Money::nanos(n * 1'000'000'000); };
  const Price expected{
      .input = usd(2), .cached_input = usd(2), .cache_write = usd(2), .output = usd(8)};
  EXPECT_EQ(price_of(config->models.at("x")).value(), expected);
  EXPECT_EQ(price_of(config->models.at("y")).value(), std::nullopt) << "unknown, not zero";
}

TEST_F(ConfigTest, ModelsOfThePolicyMustBeConfigured) {
  local("[models.first]\nengine = \"openai\"\n[policy]\ndefault_model = \"frist\"\n");
  EXPECT_THAT(error(), HasSubstr("unknown model \"frist\"; did you mean \"first\"?"));
  local("[policy]\nmodels = [\"local\", \"lokal\"]\n");
  EXPECT_THAT(error(), HasSubstr("unknown model \"lokal\"; did you mean \"local\"?"));
}

TEST_F(ConfigTest, TheHashIgnoresWhereThingsAreStored) {
  const auto hash = [this](std::vector<Setting> flags) {
    return config_hash(load(std::move(flags)).value());
  };
  const std::string plain = hash({});
  EXPECT_EQ(hash({{"state", "/elsewhere", "--state"}}), plain);
  EXPECT_EQ(hash({{"serve.listen", "127.0.0.1:1", "--listen"}}), plain);
  EXPECT_NE(hash({{"limits.turns", 3, "--turns"}}), plain);
  EXPECT_NE(hash({{"models.local.weights", "qwen2.5-coder-0.5b", "x"}}), plain);
}

TEST_F(ConfigTest, EveryKnownKeyCanBeSet) {
  for (const std::string& key : config_keys()) {
    std::string path = key;
    if (const auto at = path.find("NAME"); at != std::string::npos) path.replace(at, 4, "n");
    // A date is no value of any key, so a known key complains of the value and an unknown of
    // itself.
    auto config = make_config({{{{path, Json::object(), "test"}}}});
    ASSERT_FALSE(config) << path;
    EXPECT_THAT(config.error().message,
                AllOf(HasSubstr("test: \"" + path + "\": "), testing::Not(HasSubstr("unknown"))));
  }
}

TEST_F(ConfigTest, AListOfOtherThingsIsNoListOfTexts) {
  auto config = make_config({{{{"concerns.order", Json::array({1}), "test"}}}});
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().message,
            "test: \"concerns.order\": expected a list of strings; found [1]");
}

TEST_F(ConfigTest, ConcernsAreKnownAndNamedOnce) {
  local("[concerns]\norder = [\"turn_limit\", \"lop\"]\n");
  EXPECT_THAT(error(), AllOf(HasSubstr("pareto.toml:2"), HasSubstr("did you mean \"loop\"?")));
  local("[concerns]\ndisabled = [\"remainder\"]\n");
  EXPECT_THAT(error(), AllOf(HasSubstr("pareto.toml:2"), HasSubstr("\"reminder\"")));
  local("[concerns]\norder = [\"loop\", \"approval\", \"loop\"]\n");
  EXPECT_THAT(error(), HasSubstr("\"loop\" is named twice"));
  local("[concerns]\ndisabled = [\"loop\", \"loop\"]\n");
  EXPECT_THAT(error(), HasSubstr("\"loop\" is named twice"));
  local("[concerns]\ndisabled = [\"budget_guard\"]\n");
  EXPECT_THAT(error(), HasSubstr("always on"));
  local("[concerns]\norder = [\"approval\", \"loop\"]\ndisabled = [\"loop\"]\n");
  EXPECT_EQ(error(), "(no error)");
}

TEST_F(ConfigTest, NamesTheFilesItReads) {
  EXPECT_EQ(config_files({"HOME=/h"}),
            (std::vector<std::string>{"/h/.config/pareto/pareto.toml", "pareto.toml"}));
  EXPECT_EQ(config_files({"HOME=/h", "XDG_CONFIG_HOME=/x"}),
            (std::vector<std::string>{"/x/pareto/pareto.toml", "pareto.toml"}));
  EXPECT_EQ(config_files({}), std::vector<std::string>{"pareto.toml"});
}

}  // namespace
}  // namespace pareto
