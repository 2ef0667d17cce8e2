#include "agent/landing_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "agent/version.h"

namespace shmetrics::agent {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::array<Link, 1> kLinks = {{{"/metrics", "everything"}}};

TEST(LandingPageTest, ItShowsVersionStateAndLinks) {
  SegmentView view;
  view.state = SegmentView::State::kAttached;
  view.message = "reading";
  view.snapshot.workers = {{0, true, "", 1, 0, 1}, {1, false, "", 2, 0, 1}};
  const std::string page = LandingPage(view, "/dev/shm/x", kLinks);
  EXPECT_THAT(page, HasSubstr("<th>Version</th><td>" + std::string(kVersion) + "</td>"));
  EXPECT_THAT(page, HasSubstr("<td>attached: reading</td>"));
  EXPECT_THAT(page, HasSubstr("<th>Workers alive</th><td>1</td>"));
  EXPECT_THAT(page, HasSubstr("<a href=\"/metrics\">/metrics</a>: everything"));
}

TEST(LandingPageTest, EveryTextIsEscaped) {
  SegmentView view;
  view.message = "a & b <i>";
  const std::string page = LandingPage(view, "/dev/shm/\"><script>", kLinks);
  EXPECT_THAT(page, HasSubstr("/dev/shm/&quot;&gt;&lt;script&gt;"));
  EXPECT_THAT(page, HasSubstr("waiting: a &amp; b &lt;i&gt;"));
  EXPECT_THAT(page, Not(HasSubstr("<script")));
}

}  // namespace
}  // namespace shmetrics::agent
