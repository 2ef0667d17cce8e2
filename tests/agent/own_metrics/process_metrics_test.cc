#include "agent/own_metrics/process_metrics.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <ctime>
#include <map>
#include <string>

#include "shm/base/unique_fd.h"
#include "shm/series/family.h"

namespace shmetrics::agent {
namespace {

using ::testing::Key;
using ::testing::UnorderedElementsAre;

std::map<std::string, double> Read() {
  MetricBuilder builder;
  AddProcessMetrics(&builder);
  std::map<std::string, double> values;
  for (const shm::FamilySnapshot& family : builder.snapshot().families) {
    values.emplace(family.name, family.series.at(0).number);
  }
  return values;
}

TEST(ProcessMetricsTest, TheNamesAreThoseOfEveryPrometheusClient) {
  EXPECT_THAT(Read(), UnorderedElementsAre(Key("process_cpu_seconds_total"), Key("process_open_fds"),
                                           Key("process_max_fds"), Key("process_virtual_memory_bytes"),
                                           Key("process_virtual_memory_max_bytes"),
                                           Key("process_resident_memory_bytes"),
                                           Key("process_start_time_seconds"), Key("process_threads")));
}

// Fault A14. In one scrape a worker's would stand in place of the agent's.
TEST(ProcessMetricsTest, NoWorkerCanRegisterThem) {
  MetricBuilder builder;
  AddProcessMetrics(&builder);
  for (const shm::FamilySnapshot& family : builder.snapshot().families) {
    shm::FamilyDefinition definition;
    definition.name = family.name;
    definition.type = shm::layout::MetricType::kGauge;
    definition.gauge_mode = shm::layout::GaugeMode::kSum;
    EXPECT_FALSE(shm::CheckDefinition(definition).ok()) << family.name;
  }
}

TEST(ProcessMetricsTest, TheValuesAreThoseOfThisProcess) {
  const std::map<std::string, double> before = Read();
  const shm::UniqueFd one_more(open("/dev/null", O_RDONLY | O_CLOEXEC));
  const std::map<std::string, double> after = Read();
  EXPECT_EQ(after.at("process_open_fds"), before.at("process_open_fds") + 1);
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  EXPECT_EQ(after.at("process_max_fds"), static_cast<double>(limit.rlim_cur));
  EXPECT_GE(after.at("process_threads"), 1);
  EXPECT_GT(after.at("process_resident_memory_bytes"), 1 << 20);
  EXPECT_GT(after.at("process_virtual_memory_bytes"), after.at("process_resident_memory_bytes"));
  EXPECT_EQ(after.at("process_start_time_seconds"), before.at("process_start_time_seconds"));
  const auto now = static_cast<double>(std::time(nullptr));
  EXPECT_LT(after.at("process_start_time_seconds"), now + 2);
  EXPECT_GT(after.at("process_start_time_seconds"), now - 86'400);
}

TEST(ProcessMetricsTest, CpuTimeGrowsWithWork) {
  const double before = Read().at("process_cpu_seconds_total");
  const std::clock_t begin = std::clock();
  while (std::clock() - begin < CLOCKS_PER_SEC / 20) {
  }
  EXPECT_GT(Read().at("process_cpu_seconds_total"), before);
}

}  // namespace
}  // namespace shmetrics::agent
