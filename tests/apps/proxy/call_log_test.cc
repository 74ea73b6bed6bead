#include "apps/proxy/call_log.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

namespace pareto {
namespace {

class CallLogTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::remove(path); }
  void TearDown() override { std::filesystem::remove(path); }

  const std::string path = testing::TempDir() + "/pareto-call-log-" + std::to_string(getpid());
};

TEST_F(CallLogTest, ACallCostsItsSettlementOrElseItsReservation) {
  EXPECT_EQ(cost_of_log(path), Money());
  {
    auto log = CallLog::open(path);
    ASSERT_TRUE(log);
    EXPECT_TRUE(log->append({{"event", "begun"}, {"call", "a"}, {"reserved_usd", "0.5"}}));
    EXPECT_TRUE(log->append({{"event", "begun"}, {"call", "b"}, {"reserved_usd", "0.25"}}));
    EXPECT_TRUE(log->append({{"event", "refused"}, {"why", "no money"}}));
    EXPECT_TRUE(log->append({{"event", "ended"}, {"call", "a"}, {"settled_usd", "0.1"}}));
  }
  EXPECT_EQ(cost_of_log(path), Money::parse("0.35").value());
  // Goes on where it was; what a crash tore is left out.
  std::ofstream(path, std::ios::app) << "{\"event\":\"ended\",\"call\":\"b\",\"sett";
  EXPECT_EQ(cost_of_log(path), Money::parse("0.35").value());
}

TEST_F(CallLogTest, SaysWhereItCannotWrite) {
  const auto log = CallLog::open("/absent/calls.jsonl");
  ASSERT_FALSE(log);
  EXPECT_NE(log.error().message.find("/absent/calls.jsonl"), std::string::npos);
}

}  // namespace
}  // namespace pareto
