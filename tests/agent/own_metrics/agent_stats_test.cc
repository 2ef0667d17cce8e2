#include "agent/own_metrics/agent_stats.h"

#include <gtest/gtest.h>

namespace shmetrics::agent {
namespace {

TEST(AgentStatsTest, AnswersAreCountedByStatusAndImpossibleOnesAreNot) {
  AnswerCounts counts;
  counts.Add(200);
  counts.Add(200);
  counts.Add(431);
  counts.Add(-1);
  counts.Add(600);
  EXPECT_EQ(counts.Of(200), 2U);
  EXPECT_EQ(counts.Of(431), 1U);
  EXPECT_EQ(counts.Of(401), 0U);
}

TEST(AgentStatsTest, TheStartIsASuccessfulReading) {
  const ReloadStats stats;
  EXPECT_TRUE(stats.successful);
  EXPECT_GT(stats.success_unix_seconds, 1'600'000'000);
}

}  // namespace
}  // namespace shmetrics::agent
