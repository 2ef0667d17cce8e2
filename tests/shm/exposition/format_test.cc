#include "shm/exposition/format.h"

#include <gtest/gtest.h>

namespace shmetrics::shm {
namespace {

TEST(FormatTest, ContentTypesSayFormatVersionAndScheme) {
  EXPECT_EQ(ContentType({}), "text/plain; version=0.0.4; charset=utf-8; escaping=underscores");
  EXPECT_EQ(ContentType({Format::kText100, Escaping::kAllowUtf8}),
            "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8");
  EXPECT_EQ(ContentType({Format::kOpenMetrics001, Escaping::kUnderscores}),
            "application/openmetrics-text; version=0.0.1; charset=utf-8; escaping=underscores");
  EXPECT_EQ(ContentType({Format::kOpenMetrics100, Escaping::kDots}),
            "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=dots");
  EXPECT_EQ(ContentType({Format::kOpenMetrics100, Escaping::kValues}),
            "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=values");
}

TEST(FormatTest, EachFormatHasANameForLabels) {
  EXPECT_EQ(FormatName(Format::kText004), "text_0.0.4");
  EXPECT_EQ(FormatName(Format::kText100), "text_1.0.0");
  EXPECT_EQ(FormatName(Format::kOpenMetrics001), "openmetrics_0.0.1");
  EXPECT_EQ(FormatName(Format::kOpenMetrics100), "openmetrics_1.0.0");
}

}  // namespace
}  // namespace shmetrics::shm
