#include "agent/page/page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <regex>
#include <string>

namespace shmetrics::agent {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

/// Every text between `before` with a quotation mark and the next quotation mark.
std::vector<std::string> Quoted(const std::string& text, const std::string& before) {
  std::vector<std::string> found;
  const std::regex pattern(before + "['\"]([^'\"]*)['\"]");
  for (auto match = std::sregex_iterator(text.begin(), text.end(), pattern); match != std::sregex_iterator();
       ++match) {
    found.push_back((*match)[1]);
  }
  return found;
}

TEST(PageTest, LinksAreRelativeAndEscaped) {
  const std::array<Link, 2> links = {{{"/metrics", "everything"}, {"/\"><script>", "a & b <i>"}}};
  const std::string page = PageHtml(links);
  EXPECT_THAT(page, StartsWith("<!DOCTYPE html>"));
  EXPECT_THAT(page, HasSubstr("<a href=\"./metrics\">/metrics</a> <span>everything</span>"));
  EXPECT_THAT(page, HasSubstr("/&quot;&gt;&lt;script&gt;"));
  EXPECT_THAT(page, HasSubstr("a &amp; b &lt;i&gt;"));
  EXPECT_THAT(page, Not(HasSubstr("<script>")));
}

TEST(PageTest, EverythingThePageLoadsIsThere) {
  const std::string page = PageHtml({});
  int loaded = 0;
  for (const char* attribute : {"src=", "link [^>]*href="}) {
    for (const std::string& path : Quoted(page, attribute)) {
      EXPECT_TRUE(FindAsset('/' + path)) << path;
      ++loaded;
    }
  }
  EXPECT_GE(loaded, 5);
}

TEST(PageTest, EveryModuleFindsWhatItImports) {
  const std::string main(FindAsset("/page/main.js")->bytes);
  const std::vector<std::string> modules = Quoted(main, "from ");
  EXPECT_GE(modules.size(), 5U);
  for (const std::string& module : modules) {
    const auto asset = FindAsset("/page/" + module.substr(2));
    ASSERT_TRUE(asset) << module;
    EXPECT_EQ(asset->content_type, "text/javascript; charset=utf-8");
    for (const std::string& further : Quoted(std::string(asset->bytes), "from ")) {
      EXPECT_TRUE(FindAsset("/page/" + further.substr(2))) << module << " imports " << further;
    }
  }
}

TEST(PageTest, FilesHaveTheirTypesAndTheirBytes) {
  EXPECT_EQ(FindAsset("/page/page.css")->content_type, "text/css; charset=utf-8");
  EXPECT_EQ(FindAsset("/page/icon.svg")->content_type, "image/svg+xml");
  EXPECT_GT(FindAsset("/page/dygraph.min.js")->bytes.size(), 100'000U);
  EXPECT_THAT(std::string(FindAsset("/page/dygraph.min.js")->bytes.substr(0, 100)), HasSubstr("@license"));
}

TEST(PageTest, OtherPathsAreNoFiles) {
  for (const char* path :
       {"/page/", "/page", "/main.js", "/page/../page/main.js", "/page/index.html", "", "/"}) {
    EXPECT_FALSE(FindAsset(path)) << path;
  }
}

}  // namespace
}  // namespace shmetrics::agent
