#include "shm/series/label_block.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "shm/layout/layout.h"

namespace shmetrics::shm {
namespace {

using Texts = std::vector<std::string_view>;

std::string Escaped(std::string_view value) {
  const std::string block = MakeLabelBlock(Texts{"a"}, Texts{value});
  return block.substr(3, block.size() - 4);  // a="..."
}

TEST(LabelBlockTest, ABlockIsWhatTheExpositionPrints) {
  EXPECT_EQ(MakeLabelBlock(Texts{}, Texts{}), "");
  EXPECT_EQ(MakeLabelBlock(Texts{"method"}, Texts{"GET"}), R"(method="GET")");
  EXPECT_EQ(MakeLabelBlock(Texts{"method", "code"}, Texts{"GET", ""}), R"(method="GET",code="")");
}

// Fault 34.
TEST(LabelBlockTest, BackslashQuoteAndNewlineAreEscapedAndNothingElse) {
  EXPECT_EQ(Escaped("a\\b"), R"(a\\b)");
  EXPECT_EQ(Escaped("a\"b"), R"(a\"b)");
  EXPECT_EQ(Escaped("a\nb"), R"(a\nb)");
  EXPECT_EQ(Escaped("\x1b[31m\t\r{},=\u00e9"), "\x1b[31m\t\r{},=\u00e9");
}

TEST(LabelBlockTest, ValuesComeBackAsTheyWere) {
  const Texts names = {"a", "b", "c"};
  const std::vector<Texts> sets = {{"", "", ""},
                                   {"\\", "\"", "\n"},
                                   {"\\n", "\\\\n", "\\\""},
                                   {"\",b=\"", "=", ","},
                                   {"x", "\u20ac", "z\\"}};
  for (const Texts& values : sets) {
    const std::string block = MakeLabelBlock(names, values);
    EXPECT_EQ(block.find('\n'), std::string::npos);
    const std::vector<Label> labels = ParseLabelBlock(block);
    ASSERT_EQ(labels.size(), 3U) << block;
    for (std::size_t i = 0; i < labels.size(); i++) {
      EXPECT_EQ(labels[i].name, names[i]);
      EXPECT_EQ(labels[i].value, values[i]);
    }
    EXPECT_TRUE(IsLabelBlockOf(block, names));
    for (const Texts& others : sets) EXPECT_EQ(LabelBlockEquals(block, names, others), others == values);
  }
}

TEST(LabelBlockTest, EqualsAgreesWithMakeForRandomValues) {
  std::mt19937 random(4);
  const Texts names = {"a", "b"};
  const auto value = [&] {
    std::string text;
    for (auto left = random() % 4; left > 0; left--) text += "\\\"\nna=,"[random() % 7];
    return text;
  };
  int equal = 0;
  for (int i = 0; i < 50'000; i++) {
    const std::string w = value(), x = value(), y = value(), z = value();
    const bool same = w == y && x == z;
    ASSERT_EQ(LabelBlockEquals(MakeLabelBlock(names, Texts{w, x}), names, Texts{y, z}), same);
    equal += same ? 1 : 0;
  }
  EXPECT_GT(equal, 0);
}

TEST(LabelBlockTest, PlainBlocksHaveTheValuesTheyWereMadeOf) {
  std::mt19937 random(5);
  const Texts names = {"a", "name"};
  const auto value = [&] {
    // All lengths at which the comparison changes. Most texts are alike.
    std::string text(random() % 20, 'x');
    if (!text.empty() && random() % 2 == 0) text[random() % text.size()] = "y=,"[random() % 3];
    return text;
  };
  int equal = 0;
  for (int i = 0; i < 50'000; i++) {
    const std::string w = value(), x = value(), y = value(), z = value();
    const std::string block = MakeLabelBlock(names, Texts{w, x});
    const bool same = w == y && x == z;
    ASSERT_EQ(PlainBlockHasValues(block, names, Texts{y, z}), same) << block << ' ' << y << ' ' << z;
    ASSERT_TRUE(PlainBlockHasValues(block, names, Texts{w, x})) << block;
    equal += same ? 1 : 0;
  }
  EXPECT_GT(equal, 0);
}

// The values are pieces of the block, quotes included. The block has only the pair that it was made of.
TEST(LabelBlockTest, PlainBlocksDoNotHaveValuesThatBorrowTheirQuotes) {
  const Texts names = {"a", "b"};
  const std::string block = MakeLabelBlock(names, Texts{"x", "yyyyyyyyy"});
  std::vector<std::string_view> pieces;
  for (std::size_t begin = 0; begin <= block.size(); begin++) {
    for (std::size_t bytes = 0; begin + bytes <= block.size(); bytes++)
      pieces.push_back(std::string_view(block).substr(begin, bytes));
  }
  for (const std::string_view a : pieces) {
    for (const std::string_view b : pieces) {
      const bool same = a == "x" && b == "yyyyyyyyy";
      ASSERT_EQ(PlainBlockHasValues(block, names, Texts{a, b}), same) << block << ' ' << a << ' ' << b;
    }
  }
  EXPECT_FALSE(PlainBlockHasValues(block, names, Texts{"x", "yyyyyyyyyy"}));
  EXPECT_FALSE(PlainBlockHasValues("", names, Texts{"x", "yyyyyyyyy"}));
  EXPECT_FALSE(PlainBlockHasValues(block + ",", names, Texts{"x", "yyyyyyyyy"}));
}

TEST(LabelBlockTest, ABlockWithOtherNamesOrMoreLabelsIsNotEqual) {
  EXPECT_FALSE(LabelBlockEquals(R"(a="x")", Texts{"b"}, Texts{"x"}));
  EXPECT_FALSE(LabelBlockEquals(R"(a="x",b="y")", Texts{"a"}, Texts{"x"}));
  EXPECT_FALSE(LabelBlockEquals(R"(a="x)", Texts{"a"}, Texts{"x"}));
  EXPECT_FALSE(LabelBlockEquals("", Texts{"a"}, Texts{""}));
  EXPECT_TRUE(LabelBlockEquals("", Texts{}, Texts{}));
  EXPECT_FALSE(LabelBlockEquals("x", Texts{}, Texts{}));
}

TEST(LabelBlockTest, MalformedBlocksHaveNoLabels) {
  for (const std::string_view block :
       {"a", "a=", "a=x", "a=\"", "a=\"x", "=\"x\"", "a=\"x\",", "a=\"x\"b=\"y\"", "a=\"x\" ", "a=\"\n\"",
        "a=\"\\x\"", "a=\"\\", "a=\"\xff\"", "a=\"\xc3\"", "a=\"x\"}"}) {
    EXPECT_TRUE(ParseLabelBlock(block).empty()) << block;
    EXPECT_FALSE(IsLabelBlockOf(block, Texts{"a"})) << block;
  }
}

TEST(LabelBlockTest, ABlockBelongsToItsNamesInTheirOrder) {
  EXPECT_TRUE(IsLabelBlockOf(R"(a="x",b="y")", Texts{"a", "b"}));
  EXPECT_FALSE(IsLabelBlockOf(R"(b="y",a="x")", Texts{"a", "b"}));
  EXPECT_FALSE(IsLabelBlockOf(R"(a="x")", Texts{"a", "b"}));
  EXPECT_FALSE(IsLabelBlockOf(R"(a="x")", Texts{}));
  EXPECT_FALSE(IsLabelBlockOf("", Texts{"a"}));
  EXPECT_FALSE(IsLabelBlockOf(R"(,a="x")", Texts{"a"}));
  EXPECT_FALSE(IsLabelBlockOf(R"(a="x",,b="y")", Texts{"a", "b"}));
  EXPECT_TRUE(IsLabelBlockOf("", Texts{}));
}

TEST(LabelValuesTest, ThereMustBeOneValueForEachName) {
  EXPECT_TRUE(CheckLabelValues(Texts{"a"}, Texts{"x"}).ok());
  const auto checked = CheckLabelValues(Texts{"a"}, Texts{"x", "y"});
  ASSERT_FALSE(checked.ok());
  EXPECT_EQ(checked.error().code, ErrorCode::kInvalidLabels);
  EXPECT_THAT(checked.error().message, ::testing::HasSubstr("2 values"));
  EXPECT_THAT(checked.error().message, ::testing::HasSubstr("1 label names"));
}

// Fault 34.
TEST(LabelValuesTest, TheRefusalOfInvalidUtf8NamesTheLabel) {
  for (const std::string_view bad :
       {"\xff", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "a\x80"}) {
    const auto checked = CheckLabelValues(Texts{"good", "bad"}, Texts{"x", bad});
    ASSERT_FALSE(checked.ok()) << bad;
    EXPECT_EQ(checked.error().code, ErrorCode::kInvalidLabels);
    EXPECT_THAT(checked.error().message, ::testing::HasSubstr("value of bad"));
  }
  EXPECT_TRUE(CheckLabelValues(Texts{"a"}, Texts{std::string_view("\0\x1b\u20ac", 5)}).ok());
}

TEST(LabelValuesTest, ABlockBeyondItsLimitIsRefused) {
  const std::string long_value(layout::kMaxLabelBlockBytes, 'x');
  EXPECT_FALSE(CheckLabelValues(Texts{"a"}, Texts{long_value}).ok());
  for (std::size_t bytes = 0; bytes <= layout::kMaxLabelBlockBytes; bytes++) {
    const std::string_view value = std::string_view(long_value).substr(0, bytes);
    if (!CheckLabelValues(Texts{"a"}, Texts{value}).ok()) break;
    ASSERT_LE(MakeLabelBlock(Texts{"a"}, Texts{value}).size(), layout::kMaxLabelBlockBytes);
  }
}

}  // namespace
}  // namespace shmetrics::shm
