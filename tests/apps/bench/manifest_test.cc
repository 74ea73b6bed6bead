#include "apps/bench/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "agent/core/json_text.h"
#include "tests/tools/fixture.h"

namespace pareto {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class ManifestTest : public testing::Test {
 protected:
  void SetUp() override { folder.write("script.json", "{}"); }

  Config config(const std::vector<Setting>& more = {}) {
    const auto set = [](const std::string& path, Json value) {
      return Setting{path, std::move(value), "test"};
    };
    std::vector<Setting> settings{set("policy.default_model", "m")};
    for (const std::string name : {"m", "other"}) {
      settings.push_back(set("models." + name + ".engine", "scripted"));
      settings.push_back(set("models." + name + ".script", folder / "script.json"));
      settings.push_back(set("models." + name + ".price.input", "1"));
      settings.push_back(set("models." + name + ".price.output", "2"));
    }
    settings.push_back(set("limits.usd", "0.05"));
    auto made = make_config({{settings, more}});
    EXPECT_TRUE(made) << made.error().message;
    return *made;
  }
  Json configuration(const std::vector<Setting>& more = {}) { return made(more).configuration; }
  Manifest made(const std::vector<Setting>& more = {}) {
    auto manifest = manifest_of(suite, plan, config(more), "0.1.0", instant_from_ms(1'000));
    EXPECT_TRUE(manifest) << manifest.error().message;
    return *manifest;
  }
  Result<void> record(const std::vector<Setting>& more = {}) {
    return record_manifest(folder / "bench.json", made(more));
  }
  Json stored() { return parse_json(folder.read("bench.json")).value(); }

  TempFolder folder;
  Suite suite{.name = "s", .version = "2", .licence = "MIT", .source = "here", .hash = "abc"};
  BenchPlan plan{.models = {"m"}, .seed = 7};
};

TEST_F(ManifestTest, HoldsWhatRowsDependOn) {
  const Manifest manifest = made();
  EXPECT_EQ(manifest.suite, (Json{{"name", "s"},
                                  {"version", "2"},
                                  {"hash", "abc"},
                                  {"licence", "MIT"},
                                  {"source", "here"}}));
  const Json& how = manifest.configuration;
  EXPECT_EQ(how["pareto"], "0.1.0");
  EXPECT_EQ(how["policy"], "prior/1");
  EXPECT_EQ(how["seed"], 7);
  EXPECT_EQ(how["settings"]["limits.usd"], "0.05");
  EXPECT_FALSE(how["settings"].contains("state"));
  EXPECT_EQ(how["models"]["m"]["price"]["output"], "2.000000000");
  EXPECT_EQ(how["models"]["m"]["sha256"],
            "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a")
      << "SHA-256 of {}";
  EXPECT_EQ(manifest.session["started"], "1970-01-01T00:00:01Z");
  EXPECT_THAT(manifest.session["prices"].get<std::string>(), HasSubstr("prices/"));
  EXPECT_GE(manifest.session["host"]["processors"], 1);
}

TEST_F(ManifestTest, WeightsAreKnownByTheDigestOfTheCatalogue) {
  plan.models = {"local"};
  const std::string digest = configuration(
      {{"models.local.engine", "llama", "test"},
       {"models.local.weights", "qwen2.5-coder-1.5b", "test"}})["models"]["local"]["sha256"];
  EXPECT_EQ(digest.size(), 64U);
}

TEST_F(ManifestTest, NamesWhatDiffersAndNothingElse) {
  const Json before = configuration();
  EXPECT_THAT(differences(before, configuration()), IsEmpty());
  EXPECT_THAT(differences(before, configuration({{"state", "/elsewhere", "test"},
                                                 {"serve.listen", "127.0.0.1:1", "test"},
                                                 {"engine.keep_alive", 5, "test"}})),
              IsEmpty())
      << "no row depends on these";
  EXPECT_THAT(differences(before, configuration({{"limits.usd", "0.10", "test"},
                                                 {"models.m.temperature", 0.5, "test"},
                                                 {"models.other.temperature", 0.5, "test"}})),
              ElementsAre("limits.usd: \"0.05\", now \"0.10\"",
                          "models.m.settings.temperature: not set, now 0.5"));
  plan.seed = 8;
  plan.learn = true;
  EXPECT_THAT(differences(before, configuration()),
              ElementsAre("learn: \"off\", now \"on\"", "seed: 7, now 8"));
}

TEST_F(ManifestTest, AChangedScriptIsAnotherModel) {
  const Json before = configuration();
  folder.write("script.json", "{ }");
  EXPECT_THAT(differences(before, configuration()), ElementsAre(HasSubstr("models.m.sha256")));
}

TEST_F(ManifestTest, AForeignAgentIsItsCommand) {
  const Json before = configuration();
  plan.agent = ForeignAgentPlan{.name = "mini", .command = "mini --yolo"};
  const Json with = configuration();
  EXPECT_THAT(differences(before, with), IsEmpty()) << "there are no rows of it";
  plan.agent->command = "mini";
  EXPECT_THAT(differences(with, configuration()),
              ElementsAre("agents.mini.command: \"mini --yolo\", now \"mini\""));
  plan.agent->name = "other";
  EXPECT_THAT(differences(with, configuration()), IsEmpty());
}

TEST_F(ManifestTest, ASecondSessionIsAddedAndAnotherModelToo) {
  ASSERT_TRUE(record());
  const Json first = stored();
  plan.models = {"other"};
  plan.repeats = 3;
  ASSERT_TRUE(record());
  const Json second = stored();
  EXPECT_EQ(second["sessions"].size(), 2U);
  EXPECT_EQ(second["sessions"][0], first["sessions"][0]);
  EXPECT_EQ(second["sessions"][1]["plan"]["repeats"], 3);
  EXPECT_EQ(second["configuration"]["models"].size(), 2U);
  EXPECT_NE(second["configuration"]["hash"], first["configuration"]["hash"]);
  plan.models = {"m"};
  EXPECT_TRUE(record());
  EXPECT_EQ(stored()["configuration"], second["configuration"]) << "nothing new";
}

TEST_F(ManifestTest, RowsOfAnotherConfigurationAreRefusedAndLeftAlone) {
  ASSERT_TRUE(record());
  const std::string before = folder.read("bench.json");
  auto refused = record({{"limits.turns", 3, "test"}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid);
  EXPECT_THAT(refused.error().message,
              AllOf(HasSubstr("bench.json"), HasSubstr("limits.turns: "), HasSubstr(", now 3"),
                    HasSubstr("choose another --out"), Not(HasSubstr("usd"))));
  EXPECT_EQ(folder.read("bench.json"), before);
}

TEST_F(ManifestTest, AFileThatIsSomethingElseIsLeftAlone) {
  for (const char* text : {"", "[]", "{\"configuration\": 3}", "notes"}) {
    folder.write("bench.json", text);
    auto refused = record();
    ASSERT_FALSE(refused) << text;
    EXPECT_THAT(refused.error().message, HasSubstr("not the description of a bench"));
    EXPECT_EQ(folder.read("bench.json"), text);
  }
}

}  // namespace
}  // namespace pareto
