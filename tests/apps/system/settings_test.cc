#include "apps/system/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace pareto {
namespace {

using testing::HasSubstr;

TEST(SettingsTest, FlattensADocumentWithTheLineOfEachValue) {
  auto settings = settings_from_toml(R"(
state = "/s"
[models.big]
price = { input = "1", output = "2" }
small = false
[tools.exec."a.b"]
command = ["x", "y"]
[policy]
exploration = 0.5
)",
                                     "f.toml");
  ASSERT_TRUE(settings) << settings.error().message;
  const std::vector<Setting> expected = {
      {"models.big.price.input", "1", "f.toml:4", {"models", "big", "price", "input"}},
      {"models.big.price.output", "2", "f.toml:4", {"models", "big", "price", "output"}},
      {"models.big.small", false, "f.toml:5", {"models", "big", "small"}},
      {"policy.exploration", 0.5, "f.toml:9", {"policy", "exploration"}},
      {"state", "/s", "f.toml:2", {"state"}},
      {"tools.exec.a.b.command",
       Json::array({"x", "y"}),
       "f.toml:7",
       {"tools", "exec", "a.b", "command"}},
  };
  EXPECT_EQ(*settings, expected);
}

TEST(SettingsTest, NamesTheLineOfWhatItCanNotTake) {
  const auto error = [](std::string_view text) {
    auto settings = settings_from_toml(text, "f.toml");
    return settings ? std::string("(no error)") : settings.error().message;
  };
  EXPECT_THAT(error("a = 1\nb = 1979-05-27\n"), HasSubstr("f.toml:2: expected a string"));
  EXPECT_THAT(error("a = [[\"x\"]]\n"), HasSubstr("f.toml:1: expected a list of strings"));
  EXPECT_THAT(error("a = 1\n\nb ==\n"), HasSubstr("f.toml:3: not valid TOML"));
  EXPECT_THAT(error("a = \"\xff\"\n"), HasSubstr("f.toml:1: not valid TOML"));
  EXPECT_THAT(error(std::string(100'000, '[')), HasSubstr("not valid TOML")) << "no deep recursion";
}

}  // namespace
}  // namespace pareto
