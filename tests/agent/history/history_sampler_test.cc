#include "agent/history/history_sampler.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <string>

#include "agent/view/bus_guard.h"
#include "tests/agent/view/segment_writer.h"

namespace shmetrics::agent {
namespace {

using namespace std::chrono_literals;
using shmetrics::testing::SegmentWriter;
using shmetrics::testing::TemporaryFolder;

TEST(HistorySamplerTest, ACostlyLookIsTakenSoSeldomThatItTakesAHundredthOfACore) {
  EXPECT_EQ(HistorySampler::StepAfter(0ns), 5s);
  EXPECT_EQ(HistorySampler::StepAfter(50ms), 5s);
  EXPECT_EQ(HistorySampler::StepAfter(51ms), 10s);
  EXPECT_EQ(HistorySampler::StepAfter(13s), 1'300s);
}

TEST(HistorySamplerTest, ItRemembersWhatTheSegmentSaysWithTheRefusals) {
  BusGuard::Install();
  const TemporaryFolder folder;
  const std::string path = folder / "segment";
  CurrentView view(path);
  History history;
  HistorySampler(&view, &history).Run();
  EXPECT_EQ(history.table().column_count(), 1U) << "nothing is known of this moment";
  EXPECT_TRUE(history.families().empty());

  SegmentWriter(path).Count("jobs_total", 3);
  HistorySampler sampler(&view, &history);
  sampler.Run();
  sampler.Run();  // much too early
  EXPECT_EQ(history.table().column_count(), 2U);
  EXPECT_EQ(history.table().At(history.families().find("jobs_total")->second.total, 0), 3);
  EXPECT_TRUE(history.families().contains("shmetrics_refusals_total"));

  std::filesystem::resize_file(path, 4096);
  HistorySampler(&view, &history).Run();
  EXPECT_EQ(history.table().column_count(), 3U);
  EXPECT_EQ(history.table().At(history.families().find("jobs_total")->second.total, 0), std::nullopt);
}

}  // namespace
}  // namespace shmetrics::agent
