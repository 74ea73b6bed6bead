#include "agent/io/host_gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pareto {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class HostGateTest : public testing::Test {
 protected:
  HostGate gate_;
  // The gate only hands pointers on: any distinct ones will do.
  char places_[3];
  HttpTransfer* a_ = reinterpret_cast<HttpTransfer*>(&places_[0]);
  HttpTransfer* b_ = reinterpret_cast<HttpTransfer*>(&places_[1]);
  HttpTransfer* c_ = reinterpret_cast<HttpTransfer*>(&places_[2]);
  HostGate::Time now_ = HostGate::Time(std::chrono::seconds(100));
};

TEST_F(HostGateTest, OneLooksUpWhileTheOthersWait) {
  EXPECT_TRUE(gate_.enter("h", a_, now_));
  EXPECT_FALSE(gate_.enter("h", b_, now_));
  EXPECT_FALSE(gate_.enter("h", c_, now_));
  EXPECT_TRUE(gate_.leads("h", a_));
  EXPECT_THAT(gate_.opened("h", now_), ElementsAre(b_, c_));
}

TEST_F(HostGateTest, HostsDoNotWaitForEachOther) {
  EXPECT_TRUE(gate_.enter("h", a_, now_));
  EXPECT_TRUE(gate_.enter("g", b_, now_));
}

TEST_F(HostGateTest, AKnownHostIsOpenForAWhile) {
  gate_.enter("h", a_, now_);
  gate_.opened("h", now_);
  EXPECT_TRUE(gate_.enter("h", b_, now_ + HostGate::kWarm - std::chrono::seconds(1)));
  EXPECT_FALSE(gate_.leads("h", b_));
  EXPECT_TRUE(gate_.enter("h", b_, now_ + HostGate::kWarm));
  EXPECT_FALSE(gate_.enter("h", c_, now_ + HostGate::kWarm));
}

TEST_F(HostGateTest, WhenTheLeaderGivesUpTheNextLeads) {
  gate_.enter("h", a_, now_);
  gate_.enter("h", b_, now_);
  gate_.enter("h", c_, now_);
  gate_.leave("h", b_);
  EXPECT_THAT(gate_.gave_up("h", a_), ElementsAre(c_));
  EXPECT_TRUE(gate_.leads("h", c_));
  EXPECT_THAT(gate_.gave_up("h", a_), IsEmpty()) << "it leads no more";
  EXPECT_THAT(gate_.gave_up("h", c_), IsEmpty());
  EXPECT_TRUE(gate_.enter("h", a_, now_));
}

TEST_F(HostGateTest, AFailedLookupReleasesAllAndIsForgotten) {
  gate_.enter("h", a_, now_);
  gate_.enter("h", b_, now_);
  EXPECT_THAT(gate_.failed("h"), ElementsAre(b_));
  EXPECT_TRUE(gate_.enter("h", c_, now_));
  EXPECT_TRUE(gate_.leads("h", c_));
}

}  // namespace
}  // namespace pareto
