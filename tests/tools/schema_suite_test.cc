#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "tools/schema/schema.h"

namespace pareto {
namespace {

// The official suite as Debian packages it (json-schema-test-suite 2.0.0, drafts up to 7).
constexpr const char* kSuite = "/usr/share/json-schema-test-suite/tests/draft7";

// Groups that are out of scope, and why.
const std::set<std::string> kOutOfScope = {
    "refRemote.json",        // references out of the schema
    "definitions.json",      // refers to the meta-schema on the network
    "dependencies.json",     // split into other keywords in 2020-12; tools use neither
    "additionalItems.json",  // "items" after "prefixItems" in 2020-12
};
const std::set<std::string> kOutOfScopeGroups = {
    "an array of schemas for items",         // "prefixItems" in 2020-12
    "items with boolean schemas",            // the same
    "relative pointer ref to array",         // the same
    "ref overrides any sibling keywords",    // it does not in 2020-12
    "remote ref, containing refs itself",    // out of the schema
    "Recursive references between schemas",  // by "$id"
};

TEST(SchemaSuiteTest, AgreesWithTheOfficialSuite) {
  if (!std::filesystem::exists(kSuite)) {
    GTEST_SKIP() << "the package json-schema-test-suite is not installed";
  }
  int checked = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kSuite)) {
    const std::string name = entry.path().filename().string();
    if (entry.path().extension() != ".json" || kOutOfScope.contains(name)) continue;
    std::ifstream file(entry.path());
    for (const Json& group : Json::parse(file)) {
      const auto title = group["description"].get<std::string>();
      if (kOutOfScopeGroups.contains(title)) continue;
      const auto schema = Schema::compile(group["schema"]);
      ASSERT_TRUE(schema.has_value()) << name << ", " << title << ": " << schema.error().message;
      for (const Json& test : group["tests"]) {
        EXPECT_EQ(schema->check(test["data"]).empty(), test["valid"].get<bool>())
            << name << ", " << title << ": " << test["description"];
        ++checked;
      }
    }
  }
  EXPECT_GT(checked, 300);
}

}  // namespace
}  // namespace pareto
