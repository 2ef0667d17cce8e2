#include "agent/http/head_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace shmetrics::agent {
namespace {

using Excess = HeadReader::Excess;

TEST(HeadReaderTest, AHeadEndsAtItsFirstEmptyLineHoweverItsBytesCome) {
  for (const std::string head : {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.0\n\n", "G\r\n\n"}) {
    HeadReader reader;
    for (const char byte : head) {
      EXPECT_FALSE(reader.IsComplete());
      reader.Add({&byte, 1});
    }
    EXPECT_TRUE(reader.IsComplete());
    EXPECT_EQ(reader.Head(), head);
    reader.Next();
    EXPECT_TRUE(reader.IsEmpty());
  }
}

TEST(HeadReaderTest, WhatComesBehindTheHeadIsTheNextOne) {
  HeadReader reader;
  reader.Add("GET /a HTTP/1.1\r\n\r\n\r\nGET /b HTTP/1.1\r\n\r\nGET /c");
  EXPECT_EQ(reader.Head(), "GET /a HTTP/1.1\r\n\r\n");
  reader.Next();
  ASSERT_TRUE(reader.IsComplete());
  EXPECT_EQ(reader.Head(), "GET /b HTTP/1.1\r\n\r\n");
  reader.Next();
  EXPECT_FALSE(reader.IsComplete());
  EXPECT_FALSE(reader.IsEmpty());
  reader.Add(" HTTP/1.1\r\n\r\n");
  EXPECT_EQ(reader.Head(), "GET /c HTTP/1.1\r\n\r\n");
  reader.Next();
  EXPECT_TRUE(reader.IsEmpty());
}

TEST(HeadReaderTest, EmptyLinesBeforeAHeadAreDroppedAsTheyCome) {
  HeadReader reader;
  for (int i = 0; i < 1'000; i++) reader.Add("\r\n\n\r");
  EXPECT_FALSE(reader.IsComplete());
  reader.Add("\nGET / HTTP/1.1\n\n");
  EXPECT_EQ(reader.Head(), "GET / HTTP/1.1\n\n");
}

TEST(HeadReaderTest, AnotherProtocolIsSeenAtItsFirstByte) {
  for (const std::string& bytes :
       {std::string("\x16\x03"), std::string(1, '\0'), std::string("\rx"), std::string(" ")}) {
    HeadReader reader;
    reader.Add(bytes);
    EXPECT_TRUE(reader.IsComplete());
  }
}

/// A head of `size` bytes; `begin` and the end are a part of them.
std::string Filled(std::string begin, std::size_t size) {
  begin.append(size - begin.size() - 4, 'x');
  return begin + "\r\n\r\n";
}

TEST(HeadReaderTest, AHeadOfTheMostBytesIsTakenAndALongerOneReadToItsEnd) {
  for (const std::size_t block : {std::size_t{1}, std::size_t{4'093}, std::size_t{1} << 20U}) {
    for (const std::size_t more : {0U, 5U, 100'000U}) {
      for (const auto& [begin, excess] :
           {std::pair{"GET /", Excess::kRequestLine}, std::pair{"GET / HTTP/1.1\r\nX:", Excess::kHeaders}}) {
        const std::string head = Filled(begin, HeadReader::kMaxBytes + more);
        HeadReader reader;
        for (std::string_view rest = head; !rest.empty(); rest.remove_prefix(std::min(block, rest.size()))) {
          EXPECT_FALSE(reader.IsComplete());
          reader.Add(rest.substr(0, block));
        }
        EXPECT_TRUE(reader.IsComplete());
        EXPECT_EQ(reader.excess(), more == 0 ? Excess::kNone : excess);
        EXPECT_EQ(reader.Head(), std::string_view(head).substr(0, HeadReader::kMaxBytes));
        reader.Next();
        EXPECT_TRUE(reader.IsEmpty());
        EXPECT_EQ(reader.excess(), Excess::kNone);
      }
    }
  }
}

TEST(HeadReaderTest, AHeadWithoutEndIsGivenUp) {
  HeadReader reader;
  const std::string block(std::size_t{1} << 20U, 'x');
  int blocks = 0;
  for (; !reader.IsComplete(); blocks++) reader.Add(block);
  EXPECT_LE(blocks, 18);
  EXPECT_EQ(reader.excess(), Excess::kRequestLine);
}

}  // namespace
}  // namespace shmetrics::agent
