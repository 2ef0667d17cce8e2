#include "agent/base/log_line.h"

#include <gtest/gtest.h>

namespace shmetrics::agent {
namespace {

TEST(LogLineTest, BothFormatsSayTheSame) {
  EXPECT_EQ(LogLine(LogFormat::kLogfmt, 0, LogLevel::kWarn, "it is \"so\""),
            "time=1970-01-01T00:00:00.000Z level=warn msg=\"it is \\\"so\\\"\"\n");
  EXPECT_EQ(LogLine(LogFormat::kJson, 0, LogLevel::kWarn, "it is \"so\""),
            "{\"time\":\"1970-01-01T00:00:00.000Z\",\"level\":\"warn\",\"msg\":\"it is \\\"so\\\"\"}\n");
}

}  // namespace
}  // namespace shmetrics::agent
